{{ config(enabled=var('crm') == 'retailcrm', materialized='view') }}
{%- set raw = raw_table('metrica_retailcrm', 'statuses') %}

{% call first_rows(raw.rows, ['status'], newest_first(raw)) -%}
    {{ raw_text(raw, 'code') }} as status,
    {{ raw_text(raw, 'name') }} as name,
    {{ raw_text(raw, 'group') }} as status_group
{%- endcall %}
