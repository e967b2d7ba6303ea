{{ config(
    enabled=var('crm') == 'hubspot' and var('crm_has_order_items'),
    materialized='view',
) }}

with items as (
    select *
    from {{ ref('metrica_crm', 'base_hubspot__line_items') }}
    where not is_deleted
),

links as (
    select * from {{ ref('metrica_crm', 'base_hubspot__line_item_deals') }}
),

orders as (
    select * from {{ ref('metrica_crm', 'hubspot__orders') }}
)

select
    orders.order_id,
    items.product_id,
    items.quantity,
    orders.updated_at
from items
inner join links on items.line_item_id = links.line_item_id
inner join orders on links.order_id = orders.order_id
