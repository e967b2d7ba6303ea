{{ config(enabled=var('crm') == 'hubspot') }}

with stages as (
    select * from {{ ref('metrica_crm', 'base_hubspot__stages') }}
)

select
    pipeline_id || ':' || stage_id as status,
    name,
    case
        when is_won then {{ won_type('pipeline_id') }}
        when is_closed then 'CANCELLED'
        else 'IN_PROGRESS'
    end as type
from stages
union all
select
    pipeline_id || ':' || stage_id || ':spam' as status,
    name || ' (spam)' as name,
    'SPAM' as type
from stages
where is_closed and not is_won
