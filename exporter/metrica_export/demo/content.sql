-- The content of the CRM that Metrica gets, one row per contact, order and product. `content` has
-- no times of changes, no differences in spelling and no values that Metrica does not accept.
-- `blocked` rows cannot be sent.

create temp macro same_phone(typed) as case
    when regexp_full_match(regexp_replace(typed, '[^0-9]', '', 'g'), '[78]?9[0-9]{9}')
        then '7' || right(regexp_replace(typed, '[^0-9]', '', 'g'), 10)
    else typed
end;

create temp macro crm_content() as table
with identifiers as (
    select contact_id, 'client_id' as kind, metrica_client_id as value, null::timestamptz as updated_at
    from crm.contacts
    union all
    select contact_id, 'email', lower(trim(email)), null from crm.contacts
    union all
    select contact_id, 'phone', same_phone(phone), null from crm.contacts
    union all
    select contact_id, kind, if(kind = 'phone', same_phone(value), lower(trim(value))), updated_at
    from crm.contact_identifiers
),

identities as (
    select
        contact_id,
        list_sort(list(distinct kind || ' ' || value)) as identifiers,
        max(updated_at) as updated_at
    from identifiers
    group by contact_id
),

contacts as (
    select
        c.contact_id,
        to_json({
            'name': c.full_name,
            'birth': case when c.birth_date >= date '1970-01-01' then c.birth_date end,
            'created': c.created_at,
            'identifiers': i.identifiers
        }) as content,
        c.created_at < timestamptz '1970-01-01 00:00:00+00' as blocked,
        greatest(c.updated_at, i.updated_at) as updated_at
    from crm.contacts as c
    left join identities as i using (contact_id)
),

lines as (
    select
        order_id,
        list_sort(list(product_id || ' ' || quantity)) as products,
        max(updated_at) as updated_at
    from crm.order_items
    group by order_id
),

paths as (
    select
        order_id,
        list(status order by changed_at) as path,
        max(changed_at) as updated_at
    from crm.order_status_history
    group by order_id
)

select 'contacts' as entity, contact_id as id, content, blocked, updated_at
from contacts

union all

select
    'orders',
    o.order_id::text,
    to_json({
        'contact': o.contact_id, 'status': o.status, 'path': p.path,
        'created': o.created_at, 'finished': o.finished_at,
        'revenue': o.revenue, 'cost': o.cost, 'currency': upper(o.currency), 'products': l.products
    }),
    o.status is null or coalesce(c.blocked, true),
    greatest(o.updated_at, l.updated_at, p.updated_at)
from crm.orders as o
left join lines as l using (order_id)
left join paths as p using (order_id)
left join contacts as c on o.contact_id = c.contact_id

union all

select 'products', product_id, to_json({'name': name}), false, updated_at
from crm.products;
