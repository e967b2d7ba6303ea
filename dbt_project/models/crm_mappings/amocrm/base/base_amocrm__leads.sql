{{ config(enabled=var('crm') == 'amocrm', materialized='view') }}
{%- set raw = raw_table('metrica_amocrm', 'leads') %}

{% call first_rows(raw.rows, ['order_id'], newest_first(raw, 'updated_at')) -%}
    {{ raw_id(raw, 'id', 'lead_id') }} as order_id,
    {{ raw_id(raw, 'pipeline_id') }} as pipeline_id,
    {{ raw_id(raw, 'status_id') }} as stage_id,
    {{ raw_text(raw, 'name') }} as title,
    {{ raw_amount(raw, 'price') }} as revenue,
    {{ raw_json(raw, 'custom_fields_values') }} as fields,
    {{ raw_json(raw, '_embedded') }} as embedded,
    {{ raw_json_is_readable(raw, 'custom_fields_values', '_embedded') }} as is_readable,
    {{ raw_flag(raw, 'is_deleted') }} as is_deleted,
    {{ raw_time(raw, 'closed_at') }} as closed_at,
    {{ raw_time(raw, 'created_at') }} as created_at,
    {{ raw_time(raw, 'updated_at') }} as updated_at
{%- endcall %}
