{{ config(enabled=var('crm') == 'retailcrm' and var('crm_has_products')) }}

with items as (
    select * from {{ ref('metrica_crm', 'int_retailcrm__items') }}
),

orders as (
    select * from {{ ref('metrica_crm', 'retailcrm__orders') }}
)

-- The newest order has the product's present name.
{% call first_rows(
    'items', ['product_id'],
    ['created_at desc nulls last', bytes('order_id') ~ ' desc', bytes('name') ~ ' nulls last'],
    'product_id is not null and order_id in (select orders.order_id from orders)'
) -%}
    product_id,
    name,
    {{ as_instant('null') }} as updated_at
{%- endcall %}
