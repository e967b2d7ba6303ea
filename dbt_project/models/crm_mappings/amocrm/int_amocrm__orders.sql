{{ config(
    enabled=var('crm') == 'amocrm',
    post_hook="{{ warn_of_empty_attributes('orders') }}",
) }}

with leads as (
    select *
    from {{ ref('metrica_crm', 'base_amocrm__leads') }}
    where not is_deleted
),

fields as (
    select *
    from {{ ref('metrica_crm', 'int_amocrm__fields') }}
    where owner = 'lead'
),

tags as (
    select * from {{ ref('metrica_crm', 'int_amocrm__order_tags') }}
),

companies as (
    select
        order_id,
        {{ list_rows(json_items(json_member('embedded', 'companies'))) }} as item
    from leads
),

company_of as (
    select
        order_id,
        min({{ json_text('item', 'id') }}) as company_id
    from companies
    group by order_id
),

spam as (
    select distinct order_id
    from tags
    where {{ is_spam('name') }}
),

wide as (
    select
        owner_id,
        max(cells) filter (where field_code = 'PHONE') as own_phone,
        max(cells) filter (where field_code = 'EMAIL') as own_email,
        {{ amocrm_attributes('orders') }}
        {{ amocrm_client_ids() }} as own_client_ids
    from fields
    group by owner_id
)

select
    leads.order_id,
    leads.pipeline_id,
    leads.stage_id,
    leads.title,
    company_of.company_id,
    leads.revenue,
    {{ as_text('null') }} as cost,
    -- A lead has no currency: the account has one, in the var default_currency.
    {{ as_text('null') }} as currency,
    wide.own_client_ids,
    wide.own_email,
    wide.own_phone,
    {{ as_text('null') }} as own_name,
    leads.created_at,
    {{ attribute_columns('orders', 'wide') }}
    leads.updated_at,
    leads.pipeline_id || ':' || leads.stage_id || case
        when leads.stage_id = '143' and spam.order_id is not null then ':spam' else ''
    end as status,
    spam.order_id is not null as is_spam,
    case when leads.stage_id in ('142', '143') then leads.closed_at end as finished_at
from leads
left join company_of on leads.order_id = company_of.order_id
left join spam on leads.order_id = spam.order_id
left join wide on leads.order_id = wide.owner_id
