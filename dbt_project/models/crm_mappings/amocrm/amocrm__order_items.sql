{{ config(enabled=var('crm') == 'amocrm' and var('crm_has_order_items')) }}

with leads as (
    select * from {{ ref('metrica_crm', 'base_amocrm__leads') }}
),

orders as (
    select * from {{ ref('metrica_crm', 'amocrm__orders') }}
),

items as (
    select
        order_id,
        {{ list_rows(json_items(json_member('embedded', 'catalog_elements'))) }} as item
    from leads
)

select
    orders.order_id,
    {{ json_text('items.item', 'id') }} as product_id,
    {{ json_text(json_member('items.item', 'metadata'), 'quantity') }} as quantity,
    orders.updated_at
from items
inner join orders on items.order_id = orders.order_id
where {{ json_text('items.item', 'id') }} is not null
