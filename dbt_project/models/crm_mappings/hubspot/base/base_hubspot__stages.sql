{{ config(enabled=var('crm') == 'hubspot', materialized='view') }}
{%- set raw = raw_table('metrica_hubspot', 'deal_pipeline_stage') %}

{% call first_rows(
    raw.rows, ['stage_id'], [raw_flag(raw, '_fivetran_deleted')] + newest_first(raw)
) -%}
    {{ raw_text(raw, 'stage_id') }} as stage_id,
    {{ raw_text(raw, 'pipeline_id') }} as pipeline_id,
    {{ raw_text(raw, 'label') }} as name,
    {{ raw_flag(raw, 'closed_won') }} as is_won,
    {{ raw_flag(raw, 'is_closed') }} as is_closed
{%- endcall %}
