{{ config(enabled=var('crm') == 'retailcrm') }}

with orders as (
    select * from {{ ref('metrica_crm', 'base_retailcrm__orders') }}
),

items as (
    select
        order_id,
        created_at,
        {{ list_rows(json_items('items')) }} as item
    from orders
),

offers as (
    select
        order_id,
        created_at,
        item,
        {{ json_member('item', 'offer') }} as offer
    from items
)

select
    order_id,
    created_at,
    coalesce(
        {{ json_text('offer', 'externalId') }},
        {{ json_text('offer', 'xmlId') }},
        {{ json_text('offer', 'article') }},
        {{ json_text('offer', 'id') }}
    ) as product_id,
    coalesce({{ json_text('offer', 'name') }}, {{ json_text('item', 'productName') }}) as name,
    {{ json_text('item', 'quantity') }} as quantity
from offers
where coalesce({{ json_text('item', 'isCanceled') }}, 'false') <> 'true'
