{{ config(enabled=var('crm') == 'retailcrm', materialized='view') }}
{%- set raw = raw_table('metrica_retailcrm', 'statuses') %}

select distinct on (status)
    {{ raw_text(raw, 'code') }} as status,
    {{ raw_text(raw, 'name') }} as name,
    {{ raw_text(raw, 'group') }} as status_group
from {{ raw.rows }}
order by status{{ newest_first(raw) }}
