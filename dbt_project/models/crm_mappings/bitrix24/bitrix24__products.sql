{{ config(enabled=var('crm') == 'bitrix24' and var('crm_has_products')) }}

with product_rows as (
    select * from {{ ref('metrica_crm', 'base_bitrix24__product_rows') }}
),

orders as (
    select * from {{ ref('metrica_crm', 'bitrix24__orders') }}
)

-- The newest row has the product's present name.
{% call first_rows(
    'product_rows', ['product_id'], ['length(row_id) desc', bytes('row_id') ~ ' desc'],
    "owner_type = 'D' and product_id is not null"
    ~ " and owner_id in (select orders.order_id from orders)"
) -%}
    product_id,
    name,
    {{ as_instant('null') }} as updated_at
{%- endcall %}
