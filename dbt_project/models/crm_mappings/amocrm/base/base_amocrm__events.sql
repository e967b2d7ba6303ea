{{ config(enabled=var('crm') == 'amocrm', materialized='view') }}
{%- set raw = raw_table('metrica_amocrm', 'events') %}

{% call first_rows(
    raw.rows, ['event_id'], newest_first(raw, 'created_at'),
    raw_text(raw, 'entity_type') ~ " = 'lead'"
) -%}
    {{ raw_id(raw, 'id') }} as event_id,
    {{ raw_text(raw, 'type') }} as type,
    {{ raw_id(raw, 'entity_id') }} as order_id,
    {{ raw_json(raw, 'value_before') }} as value_before,
    {{ raw_json(raw, 'value_after') }} as value_after,
    {{ raw_json_is_readable(raw, 'value_before', 'value_after') }} as is_readable,
    {{ raw_time(raw, 'created_at') }} as changed_at
{%- endcall %}
