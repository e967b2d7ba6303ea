{{ config(enabled=var('crm') == 'bitrix24', materialized='view') }}
{%- set raw = raw_table('metrica_bitrix24', 'crm_stagehistory') %}

{% call first_rows(raw.rows, ['change_id'], newest_first(raw)) -%}
    {{ raw_id(raw, 'ID') }} as change_id,
    {{ raw_id(raw, 'OWNER_ID', 'DEAL_ID') }} as order_id,
    {{ raw_text(raw, 'CATEGORY_ID') }} as pipeline_id,
    {{ raw_text(raw, 'STAGE_ID') }} as status,
    {{ raw_text(raw, 'STAGE_SEMANTIC_ID') }} as semantics,
    {{ raw_time(raw, 'CREATED_TIME', 'DATE_CREATE') }} as changed_at
{%- endcall %}
