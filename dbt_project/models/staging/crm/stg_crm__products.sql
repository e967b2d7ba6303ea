{% if var('crm_has_products') %}
{{ config(pre_hook="{{ require_times('products', ['updated_at']) }}") }}
{%- set types = crm_types('products') %}
select
    {{ id_text('product_id', types) }} as product_id,
    {{ clean_text(as_text('name')) }} as product_label,
    {{ instant('updated_at', types) }} as updated_at
from {{ crm_table('products') }}
{% else %}
select
    {{ as_text('null') }} as product_id,
    {{ as_text('null') }} as product_label,
    {{ as_instant('null') }} as updated_at
where false
{% endif %}
