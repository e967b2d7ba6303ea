{% if var('crm_has_products') %}
{{ config(pre_hook="{{ require_times('products', ['updated_at']) }}") }}
{%- set types = crm_types('products') %}
select
    {{ id_text('product_id', types) }} as product_id,
    {{ clean_text('cast(name as text)') }} as product_label,
    {{ instant('updated_at', types) }} as updated_at
from {{ crm_table('products') }}
{% else %}
select
    cast(null as text) as product_id,
    cast(null as text) as product_label,
    cast(null as timestamp with time zone) as updated_at
where false
{% endif %}
