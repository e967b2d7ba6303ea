{{ config(
    enabled=var('crm') == 'retailcrm' and var('crm_has_order_items'),
    materialized='view',
) }}

with items as (
    select * from {{ ref('metrica_crm', 'int_retailcrm__items') }}
),

orders as (
    select * from {{ ref('metrica_crm', 'retailcrm__orders') }}
)

select
    items.order_id,
    items.product_id,
    items.quantity,
    orders.updated_at
from items
inner join orders on items.order_id = orders.order_id
