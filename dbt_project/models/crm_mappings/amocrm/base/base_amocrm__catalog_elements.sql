{{ config(enabled=var('crm') == 'amocrm', materialized='view') }}
{%- set raw = raw_table('metrica_amocrm', 'catalog_elements') %}

select distinct on (product_id)
    {{ raw_id(raw, 'id') }} as product_id,
    {{ raw_text(raw, 'name') }} as name,
    {{ raw_time(raw, 'updated_at') }} as updated_at
from {{ raw.rows }}
order by product_id{{ newest_first(raw, 'updated_at') }}
