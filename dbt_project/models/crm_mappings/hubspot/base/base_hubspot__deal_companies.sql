{{ config(enabled=var('crm') == 'hubspot', materialized='view') }}
{%- set raw = raw_table('metrica_hubspot', 'deal_company') %}

-- A labelled association is a row of its own.
select
    {{ raw_id(raw, 'deal_id') }} as order_id,
    {{ raw_id(raw, 'company_id') }} as company_id,
    max(case when {{ raw_text(raw, 'category') }} = 'HUBSPOT_DEFINED' then 1 else 0 end) as is_default
from {{ raw.rows }}
where not {{ raw_flag(raw, '_fivetran_deleted') }}
group by {{ raw_id(raw, 'deal_id') }}, {{ raw_id(raw, 'company_id') }}
