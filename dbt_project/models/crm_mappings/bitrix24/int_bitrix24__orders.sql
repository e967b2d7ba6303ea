{{ config(enabled=var('crm') == 'bitrix24') }}

with deals as (
    select * from {{ ref('metrica_crm', 'base_bitrix24__deals') }}
),

leads as (
    select * from {{ ref('metrica_crm', 'base_bitrix24__leads') }}
),

stages as (
    select * from {{ ref('metrica_crm', 'int_bitrix24__stages') }}
),

history as (
    select * from {{ ref('metrica_crm', 'base_bitrix24__stage_history') }}
),

wins as (
    select
        history.order_id,
        max(history.changed_at) as won_at
    from history
    inner join stages on history.status = stages.status
    where stages.is_won
    group by history.order_id
)

select
    deals.*,
    {{ as_text('null') }} as cost,
    -- A site's form makes a lead, and the deal that it becomes has no phone and no e-mail.
    coalesce(deals.client_ids, leads.client_ids) as own_client_ids,
    leads.email as own_email,
    leads.phone as own_phone,
    leads.full_name as own_name,
    -- CLOSEDATE is a plan.
    case when stages.is_won then coalesce(wins.won_at, deals.moved_at) end as finished_at
from deals
left join leads on deals.lead_id = leads.lead_id
left join stages on deals.status = stages.status
left join wins on deals.order_id = wins.order_id
where not deals.is_template and not deals.is_deleted
