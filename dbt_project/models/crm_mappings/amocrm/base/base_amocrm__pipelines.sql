{{ config(enabled=var('crm') == 'amocrm', materialized='view') }}
{%- set raw = raw_table('metrica_amocrm', 'pipelines') %}

{% call first_rows(raw.rows, ['pipeline_id'], newest_first(raw)) -%}
    {{ raw_id(raw, 'id') }} as pipeline_id,
    {{ raw_text(raw, 'name') }} as name,
    {{ raw_json(raw, '_embedded') }} as embedded,
    {{ raw_json_is_readable(raw, '_embedded') }} as is_readable
{%- endcall %}
