{{ config(enabled=var('crm') == 'hubspot' and var('crm_has_products')) }}

with items as (
    select *
    from {{ ref('metrica_crm', 'base_hubspot__line_items') }}
    where not is_deleted
)

-- The newest line has the product's present name.
{% call first_rows(
    'items', ['product_id'], ['length(line_item_id) desc', bytes('line_item_id') ~ ' desc'],
    'product_id is not null'
) -%}
    product_id,
    name,
    {{ as_instant('null') }} as updated_at
{%- endcall %}
