{{ config(
    enabled=var('crm') == 'bitrix24' and var('crm_has_order_items'),
    materialized='view',
) }}

with product_rows as (
    select * from {{ ref('metrica_crm', 'base_bitrix24__product_rows') }}
),

orders as (
    select * from {{ ref('metrica_crm', 'bitrix24__orders') }}
)

select
    orders.order_id,
    product_rows.product_id,
    product_rows.quantity,
    orders.updated_at
from product_rows
inner join orders on product_rows.owner_id = orders.order_id
where product_rows.owner_type = 'D'
