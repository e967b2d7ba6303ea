{{ config(enabled=var('crm') == 'hubspot') }}

with deals as (
    select *
    from {{ ref('metrica_crm', 'base_hubspot__deals') }}
    where not is_deleted
),

merged_deals as (
    select * from {{ ref('metrica_crm', 'base_hubspot__merged_deals') }}
),

stages as (
    select * from {{ ref('metrica_crm', 'base_hubspot__stages') }}
),

changes as (
    select * from {{ ref('metrica_crm', 'base_hubspot__stage_changes') }}
),

companies as (
    select
        order_id,
        min(company_id) as company_id
    from {{ ref('metrica_crm', 'base_hubspot__deal_companies') }}
    group by order_id
),

wins as (
    select
        changes.order_id,
        max(changes.changed_at) as won_at
    from changes
    inner join stages on changes.stage_id = stages.stage_id
    where stages.is_won
    group by changes.order_id
),

judged as (
    select
        deals.*,
        companies.company_id,
        {{ as_text('null') }} as cost,
        {{ as_text('null') }} as own_email,
        {{ as_text('null') }} as own_phone,
        {{ as_text('null') }} as own_name,
        -- closedate is a plan until the deal is closed, and people edit it.
        case when stages.is_won then wins.won_at end as finished_at,
        coalesce(stages.is_closed and not stages.is_won, false)
        and {{ is_spam("concat_ws(' ', deals.title, deals.lost_reason)") }} as is_spam
    from deals
    left join companies on deals.order_id = companies.order_id
    left join stages on deals.stage_id = stages.stage_id
    left join wins on deals.order_id = wins.order_id
    where deals.order_id not in (select merged_deals.order_id from merged_deals)
)

select
    *,
    pipeline_id || ':' || stage_id || case when is_spam then ':spam' else '' end as status
from judged
