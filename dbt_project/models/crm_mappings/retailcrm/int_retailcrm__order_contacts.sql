{{ config(enabled=var('crm') == 'retailcrm') }}

with orders as (
    select * from {{ ref('metrica_crm', 'int_retailcrm__orders') }}
),

people as (
    select * from {{ ref('metrica_crm', 'int_retailcrm__people') }}
),

contacts as (
    select
        orders.order_id,
        coalesce(people.merged_into, orders.customer_id) as contact_id
    from orders
    left join people on orders.customer_id = people.contact_id
    where orders.customer_id is not null
)

select
    contacts.order_id,
    contacts.contact_id,
    coalesce(people.is_deleted, false) as is_deleted,
    1 as place
from contacts
left join people on contacts.contact_id = people.contact_id
