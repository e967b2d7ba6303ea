{{ config(enabled=var('crm') == 'amocrm', materialized='view') }}
{%- set raw = raw_table('metrica_amocrm', 'catalog_elements') %}

{% call first_rows(raw.rows, ['product_id'], newest_first(raw, 'updated_at')) -%}
    {{ raw_id(raw, 'id') }} as product_id,
    {{ raw_text(raw, 'name') }} as name,
    {{ raw_time(raw, 'updated_at') }} as updated_at
{%- endcall %}
