{{ config(enabled=var('crm') == 'bitrix24', materialized='view') }}
{%- set raw = raw_table('metrica_bitrix24', 'crm_status') %}

select distinct on (status)
    {{ raw_text(raw, 'STATUS_ID') }} as status,
    {{ raw_text(raw, 'NAME') }} as name,
    {{ raw_text(raw, 'SEMANTICS') }} as semantics,
    coalesce(
        {{ raw_text(raw, 'CATEGORY_ID') }},
        case
            when {{ raw_text(raw, 'ENTITY_ID') }} = 'DEAL_STAGE' then '0'
            else substr({{ raw_text(raw, 'ENTITY_ID') }}, 12)
        end
    ) as pipeline_id
from {{ raw.rows }}
where {{ matches(raw_text(raw, 'ENTITY_ID'), '^DEAL_STAGE(_[0-9]+)?$') }}
order by status{{ newest_first(raw) }}
