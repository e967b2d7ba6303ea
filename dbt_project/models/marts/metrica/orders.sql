{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='id',
    indexes=[{'columns': ['updated_at']}] if target.type == 'postgres' else [],
    post_hook="{{ delete_gone(ref('int_orders'), 'order_id', 'id') }}",
) }}

with inputs as (
    select * from {{ ref('int_orders') }}
),

to_build as (
    {{ rows_to_rebuild('inputs', 'order_id', 'id', ['order_status', 'items_count']) }}
),

items as (
    select
        products.order_id,
        {{ product_name('products.product_id') }} || ':' || cast(products.units as text) as item
    from {{ ref('int_order_products') }} as products
    inner join to_build on products.order_id = to_build.order_id
    where products.units is not null
),

lists as (
    select
        order_id,
        {{ joined('item') }} as products
    from items
    group by order_id
),

orders as (
    select
        to_build.order_id as id,
        to_build.contact_id as client_uniq_id,
        'CONTACT' as client_type,
        {{ counter_time('to_build.created_at') }} as create_date_time,
        {{ counter_time('to_build.finished_at') }} as finish_date_time,
        to_build.order_status,
        cast(to_build.revenue as numeric(18, 2)) as revenue,
        cast(to_build.cost as numeric(18, 2)) as cost,
        to_build.currency,
        cast(null as text) as goals,
        lists.products,
        to_build.items_count,
        to_build.updated_at
    from to_build
    left join lists on to_build.order_id = lists.order_id
)

select
    *,
    {{ row_hash() }} as row_hash
from orders
