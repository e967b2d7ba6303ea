-- One day of changes in existing contacts and orders. Only young orders change, which Metrica
-- still ties to visits.
-- Variables: `day`, `contacts` (their number) and `since` (the beginning of the day).

create temp macro happens(id, what, one_in) as draw(id, getvariable('day') || what, one_in) = 0;

create temp macro today(id, what) as getvariable('since') + to_seconds(1 + draw(id, getvariable('day') || what, 86399));

create or replace temp table young_order as
select order_id, status, draw(order_id, getvariable('day') || 'move', 1000) as luck
from crm.orders
where created_at > getvariable('since') - to_hours(480) and created_at <= getvariable('since');

-- A third of the open orders move, some of them by several steps; a few closed ones are
-- reopened or returned.
create or replace temp table moved_order as
select
    order_id,
    case
        when status = 'new' and luck < 30 then ['in_work', 'paid', 'shipped']
        when status = 'new' and luck < 90 then ['in_work', 'paid']
        when status = 'new' and luck < 290 then ['in_work']
        when status = 'new' and luck < 330 then ['cancelled']
        when status = 'in_work' and luck < 60 then ['paid', 'shipped']
        when status = 'in_work' and luck < 280 then ['paid']
        when status = 'in_work' and luck < 330 then ['cancelled']
        when status = 'paid' and luck < 40 then ['shipped', 'delivered']
        when status = 'paid' and luck < 330 then ['shipped']
        when status = 'shipped' and luck < 330 then ['delivered']
        when status = 'delivered' and luck < 3 then ['returned']
        when status = 'cancelled' and luck < 10 then ['in_work']
        -- A missing status is filled in.
        when status is null and luck < 400 then ['in_work']
    end as steps,
    getvariable('since') + to_seconds(1 + draw(order_id, getvariable('day') || 'move-at', 72000)) as moved_at,
    1 + draw(order_id, getvariable('day') || 'step-after', 7200) as seconds_a_step
from young_order;

create or replace temp table new_step as
select
    order_id,
    unnest(steps) as status,
    moved_at + to_seconds(seconds_a_step * (generate_subscripts(steps, 1) - 1)) as changed_at
from moved_order;

insert into crm.order_status_history
select order_id, status, changed_at from new_step order by order_id, changed_at;

update crm.orders as o set
    status = m.status,
    updated_at = m.changed_at,
    finished_at = case when is_final(m.status) then m.changed_at end
from (
    select order_id, arg_max(status, changed_at) as status, max(changed_at) as changed_at
    from new_step group by order_id
) as m where o.order_id = m.order_id;

-- An order without a contact, or with a deleted one, gets an existing contact.
update crm.orders set
    contact_id = contact_code(1 + draw(order_id, 'found', getvariable('contacts'))),
    updated_at = today(order_id, 'found-at')
where
    order_id in (select order_id from young_order)
    and coalesce(contact_id, '') not in (select contact_id from crm.contacts)
    and happens(order_id, 'found', 3);

-- A greater quantity in an order line. The CRM corrects the order's sum, but not its timestamp. A
-- few lines are late commits.
create or replace temp table grown_line as
select order_id, min(product_id) as product_id
from crm.order_items
where order_id in (select order_id from young_order) and happens(order_id, 'line', 400)
group by order_id;

update crm.order_items as i set
    quantity = i.quantity + 1,
    updated_at = today(i.order_id, 'line-at') - to_hours(if(happens(i.order_id, 'late', 3), 26, 0))
from grown_line as g where i.order_id = g.order_id and i.product_id = g.product_id;

update crm.orders as o set revenue = in_currency(i.roubles, o.currency)
from (
    select order_id, sum(quantity * price(product_id)) as roubles
    from crm.order_items
    where order_id in (select order_id from grown_line)
    group by order_id
) as i where o.order_id = i.order_id;

-- Contacts: a new phone, another ClientID, a corrected date of birth, a corrected creation date.
update crm.contacts set
    phone = russian_phone(mobile(contact_id, getvariable('day') || 'phone'), draw(contact_id, 'spelling', 8)),
    updated_at = today(contact_id, 'phone-at')
where happens(contact_id, 'phone', 1000);

insert into crm.contact_identifiers
select contact_id, 'client_id', browser_id(contact_id, getvariable('day') || 'browser'), today(contact_id, 'browser-at')
from crm.contacts where happens(contact_id, 'browser', 1200) order by contact_id;

update crm.contacts set
    birth_date = (birth_date + to_years(1 + draw(contact_id, getvariable('day') || 'years', 9)))::date,
    updated_at = today(contact_id, 'birth-at')
where birth_date is not null and happens(contact_id, 'birth', 1000);

update crm.contacts as c set
    created_at = coalesce(
        (select min(o.created_at) from crm.orders as o where o.contact_id = c.contact_id), getvariable('since')
    ),
    updated_at = today(c.contact_id, 'created-at')
where c.created_at < timestamptz '1970-01-01 00:00:00+00' and happens(c.contact_id, 'created', 3);

update crm.products set name = name || ' (new)', updated_at = today(product_id, 'renamed-at')
where happens(product_id, 'renamed', 500);

-- Touched rows with equal content: another spelling of a number, or a job that rewrites rows.
update crm.contacts set
    phone = russian_phone(right(same_phone(phone), 10), draw(contact_id, getvariable('day') || 'spelling', 8)),
    updated_at = today(contact_id, 'spelling-at')
where regexp_full_match(phone, '[0-9() +-]+') and same_phone(phone) <> phone and happens(contact_id, 'spelling', 800);

update crm.contacts set updated_at = today(contact_id, 'touched-at') where happens(contact_id, 'touched', 100);

update crm.orders set updated_at = today(order_id, 'touched-at') where happens(order_id, 'touched', 100);

update crm.products set updated_at = today(product_id, 'touched-at') where happens(product_id, 'touched', 50);
