{{ config(enabled=var('crm') == 'retailcrm', materialized='view') }}
{%- set raw = raw_table('metrica_retailcrm', 'orders_history') %}

{% call first_rows(raw.rows, ['change_id'], newest_first(raw)) -%}
    {{ raw_id(raw, 'id') }} as change_id,
    {{ json_text(raw_json(raw, 'order'), 'id') }} as order_id,
    {{ json_text(raw_json(raw, 'combinedTo'), 'id') }} as combined_to,
    {{ raw_flag(raw, 'deleted') }} as is_deleted,
    {{ raw_text(raw, 'field') }} as field,
    {{ raw_text(raw, 'oldValue') }} as old_value,
    {{ raw_text(raw, 'newValue') }} as new_value,
    {{ raw_time(raw, 'createdAt') }} as changed_at
{%- endcall %}
