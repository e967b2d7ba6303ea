{{ config(enabled=var('crm') == 'retailcrm', materialized='view') }}
{%- set raw = raw_table('metrica_retailcrm', 'customers_corporate') %}

{% call first_rows(raw.rows, ['company_id'], newest_first(raw)) -%}
    {{ raw_id(raw, 'id') }} as company_id,
    {{ raw_text(raw, 'nickName') }} as full_name,
    {{ as_text('null') }} as email,
    {{ as_text('null') }} as phone,
    {{ as_text('null') }} as metrica_client_id,
    {{ raw_time(raw, 'createdAt') }} as created_at,
    {{ raw_time(raw, 'createdAt') }} as updated_at
{%- endcall %}
