{{ config(enabled=var('crm') == 'bitrix24', materialized='view') }}
{%- set raw = raw_table('metrica_bitrix24', 'crm_contact') %}
{%- set ids = raw_table('metrica_bitrix24', 'crm_contact_ids') %}

{% call first_rows(raw.rows, ['contact_id'], newest_first(raw, 'DATE_MODIFY')) -%}
    {{ raw_id(raw, 'ID') }} as contact_id,
    concat_ws(
        ' ',
        {{ raw_text(raw, 'LAST_NAME') }},
        {{ raw_text(raw, 'NAME') }},
        {{ raw_text(raw, 'SECOND_NAME') }}
    ) as full_name,
    {{ raw_cell(raw, 'EMAIL') }} as email,
    {{ raw_cell(raw, 'PHONE') }} as phone,
    {{ raw_client_ids(raw) }} as metrica_client_id,
    left({{ raw_text(raw, 'BIRTHDATE') }}, 10) as birth_date,
    {{ as_text('null') }} as merged_into,
    {{ raw_is_missing(raw_id(raw, 'ID'), ids) }} as is_deleted,
    {{ raw_time(raw, 'DATE_CREATE') }} as created_at,
    {{ raw_attributes(raw, 'contacts') }}
    {{ raw_time(raw, 'DATE_MODIFY') }} as updated_at
{%- endcall %}
