{{ config(enabled=var('crm') == 'amocrm', materialized='view') }}
{%- set raw = raw_table('metrica_amocrm', 'companies') %}

{% call first_rows(raw.rows, ['company_id'], newest_first(raw, 'updated_at')) -%}
    {{ raw_id(raw, 'id') }} as company_id,
    coalesce(
        {{ raw_text(raw, 'name') }},
        nullif(concat_ws(' ', {{ raw_text(raw, 'first_name') }}, {{ raw_text(raw, 'last_name') }}), '')
    ) as full_name,
    {{ raw_json(raw, 'custom_fields_values') }} as fields,
    {{ raw_json_is_readable(raw, 'custom_fields_values') }} as is_readable,
    {{ raw_flag(raw, 'is_deleted') }} as is_deleted,
    {{ raw_time(raw, 'created_at') }} as created_at,
    {{ raw_time(raw, 'updated_at') }} as updated_at
{%- endcall %}
