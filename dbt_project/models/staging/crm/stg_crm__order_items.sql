{% if var('crm_has_order_items') %}
{#- A table, because five models and tests read the sums. #}
{{ config(
    materialized='table',
    pre_hook="{{ require_times('order_items', ['updated_at']) }}",
    post_hook="{{ gather_statistics() }}",
) }}
{%- set types = crm_types('order_items') %}
with order_lines as (
    select
        {{ bytes(id_text('order_id', types)) }} as order_id,
        {{ bytes(id_text('product_id', types)) }} as product_id,
        {{ number('quantity', 3, types) }} as quantity,
        {{ instant('updated_at', types) }} as updated_at
    from {{ crm_table('order_items') }}
),

-- A line has no key, and Metrica accepts each product of an order once.
sums as (
    select
        order_id,
        product_id,
        sum(quantity) as quantity,
        max(updated_at) as updated_at
    from order_lines
    group by order_id, product_id
)

select
    {{ own_collation('order_id') }} as order_id,
    {{ own_collation('product_id') }} as product_id,
    quantity,
    updated_at
from sums
{% else %}
select
    {{ as_text('null') }} as order_id,
    {{ as_text('null') }} as product_id,
    cast(null as numeric(38, 3)) as quantity,
    {{ as_instant('null') }} as updated_at
where false
{% endif %}
