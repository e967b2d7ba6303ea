{{ config(
    enabled=var('crm') == 'retailcrm',
    post_hook="{{ warn_of_empty_attributes('orders') }}",
) }}

with orders as (
    select * from {{ ref('metrica_crm', 'base_retailcrm__orders') }}
),

history as (
    select * from {{ ref('metrica_crm', 'base_retailcrm__orders_history') }}
),

changes as (
    select * from {{ ref('metrica_crm', 'int_retailcrm__status_changes') }}
),

statuses as (
    select * from {{ ref('metrica_crm', 'base_retailcrm__statuses') }}
),

versions as (
    select
        order_id,
        max(changed_at) as updated_at,
        coalesce(bool_or(is_deleted or combined_to is not null), false) as is_deleted
    from history
    group by order_id
),

wins as (
    select
        changes.order_id,
        max(changes.changed_at) as won_at
    from changes
    inner join statuses on changes.status = statuses.status
    where statuses.status_group = 'complete'
    group by changes.order_id
)

select
    orders.order_id,
    orders.site,
    orders.status,
    orders.order_method,
    case
        when {{ json_text('orders.customer', 'type') }} = 'customer_corporate'
            then {{ json_text('orders.contact', 'id') }}
        else {{ json_text('orders.customer', 'id') }}
    end as customer_id,
    case
        when {{ json_text('orders.customer', 'type') }} = 'customer_corporate'
            then {{ json_text('orders.customer', 'id') }}
    end as company_id,
    orders.revenue,
    orders.cost,
    orders.currency,
    {{ retailcrm_client_ids('orders.custom_fields') }} as own_client_ids,
    orders.own_email,
    nullif(concat_ws(',', orders.phone, orders.additional_phone), '') as own_phone,
    concat_ws(' ', orders.last_name, orders.first_name) as own_name,
    case
        when statuses.status_group = 'complete' then coalesce(wins.won_at, orders.paid_at)
    end as finished_at,
    orders.created_at,
    {{ retailcrm_attributes('orders', 'orders') }}
    greatest(orders.created_at, orders.status_updated_at, versions.updated_at) as updated_at
from orders
left join versions on orders.order_id = versions.order_id
left join statuses on orders.status = statuses.status
left join wins on orders.order_id = wins.order_id
where
    -- A marketplace's customers never visited the site.
    orders.marketplace is null
    and not coalesce(versions.is_deleted, false)
