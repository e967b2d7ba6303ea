{{ config(enabled=var('crm') == 'hubspot', materialized='view') }}
{%- set raw = raw_table('metrica_hubspot', 'line_item_deal') %}

select distinct
    {{ raw_id(raw, 'line_item_id') }} as line_item_id,
    {{ raw_id(raw, 'deal_id') }} as order_id
from {{ raw.rows }}
where not {{ raw_flag(raw, '_fivetran_deleted') }}
