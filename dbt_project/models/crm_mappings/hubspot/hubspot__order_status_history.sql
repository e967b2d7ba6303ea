{{ config(
    enabled=var('crm') == 'hubspot' and var('crm_has_order_status_history'),
    materialized='view',
) }}

with changes as (
    select * from {{ ref('metrica_crm', 'base_hubspot__stage_changes') }}
),

stages as (
    select * from {{ ref('metrica_crm', 'base_hubspot__stages') }}
),

orders as (
    select * from {{ ref('metrica_crm', 'hubspot__orders') }}
)

-- A stage belongs to one pipeline. One that HubSpot forgot is taken for the deal's own pipeline.
select
    orders.order_id,
    coalesce(stages.pipeline_id, orders.pipeline_id) || ':' || changes.stage_id || case
        when orders.is_spam and stages.is_closed and not stages.is_won then ':spam' else ''
    end as status,
    changes.changed_at
from changes
inner join orders on changes.order_id = orders.order_id
left join stages on changes.stage_id = stages.stage_id
