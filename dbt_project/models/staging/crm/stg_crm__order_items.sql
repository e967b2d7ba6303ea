{% if var('crm_has_order_items') %}
{{ config(pre_hook="{{ require_times('order_items', ['updated_at']) }}") }}
with order_lines as (
    select
        {{ id_text('order_id') }} as order_id,
        {{ id_text('product_id') }} as product_id,
        {{ number('quantity', 3) }} as quantity,
        {{ instant('updated_at') }} as updated_at
    from {{ source('metrica_crm', 'order_items') }}
)

-- A line has no key, and Metrica accepts each product of an order once.
select
    order_id,
    product_id,
    sum(quantity) as quantity,
    max(updated_at) as updated_at
from order_lines
group by order_id, product_id
{% else %}
select
    cast(null as text) as order_id,
    cast(null as text) as product_id,
    cast(null as numeric(38, 3)) as quantity,
    cast(null as timestamp with time zone) as updated_at
where false
{% endif %}
