{{ config(enabled=var('crm') == 'hubspot', materialized='view') }}
{%- set raw = raw_table('metrica_hubspot', 'merged_deal') %}

select distinct {{ raw_id(raw, 'merged_deal_id') }} as order_id
from {{ raw.rows }}
where {{ raw_id(raw, 'merged_deal_id') }} is not null
