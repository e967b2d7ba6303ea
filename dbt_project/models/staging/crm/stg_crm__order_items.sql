{% if var('crm_has_order_items') %}
{{ config(pre_hook="{{ require_times('order_items', ['updated_at']) }}") }}
{%- set types = crm_types('order_items') %}
select
    {{ id_text('order_id', types) }} as order_id,
    {{ id_text('product_id', types) }} as product_id,
    {{ number('quantity', 3, types) }} as quantity,
    {{ instant('updated_at', types) }} as updated_at
from {{ crm_table('order_items') }}
{% else %}
select
    {{ as_text('null') }} as order_id,
    {{ as_text('null') }} as product_id,
    cast(null as numeric(18, 3)) as quantity,
    {{ as_instant('null') }} as updated_at
where false
{% endif %}
