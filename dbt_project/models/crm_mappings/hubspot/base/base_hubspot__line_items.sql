{{ config(enabled=var('crm') == 'hubspot', materialized='view') }}
{%- set raw = raw_table('metrica_hubspot', 'line_item') %}

{% call first_rows(
    raw.rows, ['line_item_id'], newest_first(raw, 'property_hs_lastmodifieddate')
) -%}
    {{ raw_id(raw, 'id') }} as line_item_id,
    coalesce(
        {{ raw_id(raw, 'property_hs_product_id', 'product_id') }},
        {{ raw_id(raw, 'product_id') }},
        'name:' || {{ raw_text(raw, 'property_name') }}
    ) as product_id,
    {{ raw_text(raw, 'property_name') }} as name,
    {{ raw_text(raw, 'property_quantity') }} as quantity,
    {{ raw_flag(raw, '_fivetran_deleted') }} as is_deleted
{%- endcall %}
