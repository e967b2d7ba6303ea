{{ config(enabled=var('crm') == 'hubspot', materialized='view') }}
{%- set raw = raw_table('metrica_hubspot', 'deal_stage') %}

select distinct
    {{ raw_id(raw, 'deal_id') }} as order_id,
    {{ raw_text(raw, 'value') }} as stage_id,
    {{ raw_time(raw, 'date_entered') }} as changed_at
from {{ raw.rows }}
