{{ config(enabled=var('crm') == 'retailcrm', materialized='view') }}
{%- set raw = raw_table('metrica_retailcrm', 'customers') %}

{% call first_rows(raw.rows, ['contact_id'], newest_first(raw)) -%}
    {{ raw_id(raw, 'id') }} as contact_id,
    concat_ws(
        ' ',
        {{ raw_text(raw, 'lastName') }},
        {{ raw_text(raw, 'firstName') }},
        {{ raw_text(raw, 'patronymic') }}
    ) as full_name,
    {{ raw_text(raw, 'email') }} as email,
    {{ raw_cell(raw, 'phones') }} as phone,
    {{ raw_text(raw, 'birthday') }} as birth_date,
    {{ raw_json(raw, 'customFields') }} as custom_fields,
    {{ raw_json_is_readable(raw, 'customFields') }} as is_readable,
    {{ raw_attributes(raw, 'contacts') }}
    {{ raw_time(raw, 'createdAt') }} as created_at
{%- endcall %}
