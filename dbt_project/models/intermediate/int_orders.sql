{{ config(pre_hook="{{ require_mapped_statuses() }}") }}

with items as (
    select
        order_id,
        sum(units) as items_count,
        max(updated_at) as updated_at
    from {{ ref('int_order_products') }}
    group by order_id
)

select
    orders.order_id,
    orders.contact_id,
    status_map.order_status,
    orders.revenue,
    orders.cost,
    orders.created_at,
    orders.finished_at,
    coalesce(orders.currency, '{{ var("default_currency") }}') as currency,
    cast(coalesce(items.items_count, 0) as integer) as items_count,
    greatest(orders.updated_at, items.updated_at) as updated_at
from {{ ref('stg_crm__orders') }} as orders
left join {{ ref('int_order_status_map') }} as status_map
    on {{ fold_case('orders.status') }} = status_map.status_key
left join items on orders.order_id = items.order_id
