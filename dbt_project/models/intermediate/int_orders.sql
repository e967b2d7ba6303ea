{{ config(pre_hook="{{ require_mapped_statuses('orders') }}") }}

with baskets as (
    select
        order_id,
        {{ joined("name || ':' || cast(units as text)") }} as products,
        sum(units) as items_count,
        max(updated_at) as updated_at
    from {{ ref('int_order_products') }}
    group by order_id
)

select
    orders.order_id,
    orders.contact_id,
    status_map.order_status,
    status_map.status_type,
    paths.status_path,
    orders.revenue,
    orders.cost,
    orders.created_at,
    orders.finished_at,
    baskets.products,
    coalesce(orders.currency, '{{ var("default_currency") }}') as currency,
    case
        when coalesce(baskets.items_count, 0) <= 2147483647
            then cast(coalesce(baskets.items_count, 0) as integer)
    end as items_count,
    greatest(orders.updated_at, baskets.updated_at, paths.updated_at) as updated_at
from {{ ref('stg_crm__orders') }} as orders
left join {{ ref('int_order_status_map') }} as status_map
    on {{ fold_case('orders.status') }} = status_map.status_key
left join {{ ref('int_order_status_paths') }} as paths on orders.order_id = paths.order_id
left join baskets on orders.order_id = baskets.order_id
