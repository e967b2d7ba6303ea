{{ config(enabled=var('crm') == 'amocrm') }}

with pipelines as (
    select * from {{ ref('metrica_crm', 'base_amocrm__pipelines') }}
),

leads as (
    select * from {{ ref('metrica_crm', 'base_amocrm__leads') }}
),

changes as (
    select * from {{ ref('metrica_crm', 'int_amocrm__status_changes') }}
),

items as (
    select
        pipeline_id,
        name as pipeline,
        {{ list_rows(json_items(json_member('embedded', 'statuses'))) }} as item
    from pipelines
),

dictionary as (
    select distinct
        pipeline_id,
        {{ json_text('item', 'id') }} as stage_id,
        pipeline || ': ' || {{ json_text('item', 'name') }} as name
    from items
),

-- A deleted stage stays in the events. Only 142 is won and only 143 is lost, in every pipeline.
used as (
    select
        pipeline_id,
        stage_id
    from leads
    union
    select
        pipeline_id,
        stage_id
    from changes
    union
    select
        pipeline_id,
        stage_id
    from dictionary
),

stages as (
    select
        used.pipeline_id,
        used.stage_id,
        used.pipeline_id || ':' || used.stage_id as status,
        coalesce(
            min(dictionary.name), used.pipeline_id || ':' || used.stage_id
        ) as name
    from used
    left join dictionary
        on used.pipeline_id = dictionary.pipeline_id and used.stage_id = dictionary.stage_id
    where used.pipeline_id is not null and used.stage_id is not null
    group by used.pipeline_id, used.stage_id
)

select
    status,
    name,
    case stage_id
        when '142' then {{ won_type('pipeline_id') }}
        when '143' then 'CANCELLED'
        else 'IN_PROGRESS'
    end as type
from stages
union all
select
    status || ':spam' as status,
    name || ' (spam)' as name,
    'SPAM' as type
from stages
where stage_id = '143'
