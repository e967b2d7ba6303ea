-- The variables for a day: the CRM's last contact and order, and its newest change.

set variable contacts = (select max(substr(contact_id, 3)::integer) from crm.contacts);

set variable orders = (select max(order_id) from crm.orders);

set variable since = (
    select max(updated_at)
    from (
        select updated_at from crm.contacts
        union all
        select updated_at from crm.contact_identifiers
        union all
        select updated_at from crm.orders
        union all
        select updated_at from crm.order_items
        union all
        select updated_at from crm.products
    ) as changes
);

set variable until = getvariable('since') + to_hours(24);

-- The salt that makes each day's random numbers different.
set variable day = getvariable('orders') || '/';
