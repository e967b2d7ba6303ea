{{ config(enabled=var('crm') == 'hubspot', materialized='view') }}
{%- set raw = raw_table('metrica_hubspot', 'company') %}

{% call first_rows(raw.rows, ['company_id'], newest_first(raw, 'property_hs_lastmodifieddate')) -%}
    {{ raw_id(raw, 'id') }} as company_id,
    {{ raw_text(raw, 'property_name') }} as full_name,
    {{ as_text('null') }} as email,
    {{ raw_cell(raw, 'property_phone') }} as phone,
    {{ raw_client_ids(raw) }} as metrica_client_id,
    {{ raw_time(raw, 'property_createdate') }} as created_at,
    {{ raw_time(raw, 'property_hs_lastmodifieddate') }} as updated_at
{%- endcall %}
