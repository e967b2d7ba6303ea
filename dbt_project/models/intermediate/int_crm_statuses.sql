{{ config(materialized='table', post_hook="{{ gather_statistics() }}") }}

with orders as (
    select
        status as written_status,
        count(*) as orders,
        0 as changes
    from {{ ref('metrica_crm', 'stg_crm__orders') }}
    group by status
),

history as (
    select
        status as written_status,
        0 as orders,
        count(*) as changes
    from {{ ref('metrica_crm', 'stg_crm__order_status_history') }}
    group by status
),

counted as (
    select
        written_status,
        sum(orders) as orders,
        sum(changes) as changes
    from (
        select * from orders
        union all
        select * from history
    ) as written
    where written_status is not null
    group by written_status
),

cleaned as (
    select
        *,
        {{ clean_text('written_status') }} as status
    from counted
),

status_map as (
    select * from {{ ref('metrica_crm', 'int_order_status_map') }}
)

select
    cleaned.written_status,
    cleaned.status,
    status_map.order_status,
    status_map.status_type,
    cast(cleaned.orders as bigint) as orders,
    cast(cleaned.changes as bigint) as changes
from cleaned
left join status_map on {{ fold_case('cleaned.status') }} = status_map.status_key
