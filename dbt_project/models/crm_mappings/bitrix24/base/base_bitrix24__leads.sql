{{ config(enabled=var('crm') == 'bitrix24', materialized='view') }}
{%- set raw = raw_table('metrica_bitrix24', 'crm_lead') %}

{% call first_rows(raw.rows, ['lead_id'], newest_first(raw, 'DATE_MODIFY')) -%}
    {{ raw_id(raw, 'ID') }} as lead_id,
    concat_ws(
        ' ',
        {{ raw_text(raw, 'LAST_NAME') }},
        {{ raw_text(raw, 'NAME') }},
        {{ raw_text(raw, 'SECOND_NAME') }}
    ) as full_name,
    {{ raw_cell(raw, 'EMAIL') }} as email,
    {{ raw_cell(raw, 'PHONE') }} as phone,
    {{ raw_client_ids(raw) }} as client_ids
{%- endcall %}
