{{ config(enabled=var('crm') == 'bitrix24', materialized='view') }}
{%- set raw = raw_table('metrica_bitrix24', 'crm_deal_productrows') %}

{% call first_rows(raw.rows, ['row_id'], newest_first(raw)) -%}
    {{ raw_id(raw, 'ID') }} as row_id,
    {{ raw_id(raw, 'OWNER_ID') }} as owner_id,
    coalesce({{ raw_text(raw, 'OWNER_TYPE') }}, 'D') as owner_type,
    coalesce(
        {{ raw_id(raw, 'PRODUCT_ID') }}, 'name:' || {{ raw_text(raw, 'PRODUCT_NAME') }}
    ) as product_id,
    {{ raw_text(raw, 'PRODUCT_NAME') }} as name,
    {{ raw_text(raw, 'QUANTITY') }} as quantity
{%- endcall %}
