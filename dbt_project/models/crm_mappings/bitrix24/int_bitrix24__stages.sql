{{ config(enabled=var('crm') == 'bitrix24') }}

with dictionary as (
    select * from {{ ref('metrica_crm', 'base_bitrix24__stages') }}
),

deals as (
    select * from {{ ref('metrica_crm', 'base_bitrix24__deals') }}
),

history as (
    select * from {{ ref('metrica_crm', 'base_bitrix24__stage_history') }}
),

-- A stage that was deleted is not in the dictionary, but its rows still say whether it was final.
used as (
    select
        status,
        pipeline_id,
        semantics
    from deals
    union
    select
        status,
        pipeline_id,
        semantics
    from history
),

stages as (
    select
        status,
        name,
        semantics,
        pipeline_id
    from dictionary
    union all
    select
        status,
        {{ as_text('null') }} as name,
        max(semantics) as semantics,
        max(pipeline_id) as pipeline_id
    from used
    where
        semantics is not null
        and status not in (select dictionary.status from dictionary)
    group by status
)

select
    status,
    name,
    case
        when semantics = 'S' then {{ won_type('pipeline_id') }}
        when semantics = 'F' and {{ is_spam('name') }} then 'SPAM'
        when semantics = 'F' then 'CANCELLED'
        else 'IN_PROGRESS'
    end as type,
    coalesce(semantics = 'S', false) as is_won
from stages
