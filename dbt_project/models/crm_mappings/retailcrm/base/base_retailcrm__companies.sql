{{ config(enabled=var('crm') == 'retailcrm', materialized='view') }}
{%- set raw = raw_table('metrica_retailcrm', 'customers_corporate') %}

select distinct on (company_id)
    {{ raw_id(raw, 'id') }} as company_id,
    {{ raw_text(raw, 'nickName') }} as full_name,
    cast(null as text) as email,
    cast(null as text) as phone,
    cast(null as text) as metrica_client_id,
    {{ raw_time(raw, 'createdAt') }} as created_at,
    {{ raw_time(raw, 'createdAt') }} as updated_at
from {{ raw.rows }}
order by company_id{{ newest_first(raw) }}
