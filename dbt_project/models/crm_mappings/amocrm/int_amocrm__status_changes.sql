{{ config(enabled=var('crm') == 'amocrm') }}

with events as (
    select *
    from {{ ref('metrica_crm', 'base_amocrm__events') }}
    where type = 'lead_status_changed'
),

leads as (
    select * from {{ ref('metrica_crm', 'base_amocrm__leads') }}
),

items as (
    select
        order_id,
        event_id,
        changed_at,
        false as is_before,
        {{ list_rows(json_items('value_after')) }} as item
    from events
    union all
    select
        order_id,
        event_id,
        changed_at,
        true as is_before,
        {{ list_rows(json_items('value_before')) }} as item
    from events
),

changes as (
    select
        order_id,
        event_id,
        changed_at,
        is_before,
        {{ json_text(json_member('item', 'lead_status'), 'pipeline_id') }} as pipeline_id,
        {{ json_text(json_member('item', 'lead_status'), 'id') }} as stage_id
    from items
),

-- The first event names the stage in which the lead was made.
first_stages as (
    {% call first_rows(
        'changes', ['order_id'], ['changed_at nulls last', bytes('event_id')],
        'is_before and stage_id is not null'
    ) -%}
        order_id,
        pipeline_id,
        stage_id
    {%- endcall %}
)

select
    order_id,
    pipeline_id,
    stage_id,
    changed_at
from changes
where not is_before and stage_id is not null
union all
select
    first_stages.order_id,
    first_stages.pipeline_id,
    first_stages.stage_id,
    leads.created_at as changed_at
from first_stages
inner join leads on first_stages.order_id = leads.order_id
