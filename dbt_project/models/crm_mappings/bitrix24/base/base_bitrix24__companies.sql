{{ config(enabled=var('crm') == 'bitrix24', materialized='view') }}
{%- set raw = raw_table('metrica_bitrix24', 'crm_company') %}

{% call first_rows(raw.rows, ['company_id'], newest_first(raw, 'DATE_MODIFY')) -%}
    {{ raw_id(raw, 'ID') }} as company_id,
    {{ raw_text(raw, 'TITLE') }} as full_name,
    {{ raw_cell(raw, 'EMAIL') }} as email,
    {{ raw_cell(raw, 'PHONE') }} as phone,
    {{ raw_client_ids(raw) }} as metrica_client_id,
    {{ raw_time(raw, 'DATE_CREATE') }} as created_at,
    {{ raw_time(raw, 'DATE_MODIFY') }} as updated_at
{%- endcall %}
