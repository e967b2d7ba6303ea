{{ config(pre_hook="{{ require_mapped_statuses('orders') }}") }}

select
    orders.order_id,
    orders.contact_id,
    status_map.order_status,
    orders.revenue,
    orders.cost,
    orders.created_at,
    orders.finished_at,
    orders.updated_at,
    coalesce(orders.currency, '{{ var("default_currency") }}') as currency
from {{ ref('stg_crm__orders') }} as orders
left join {{ ref('int_order_status_map') }} as status_map
    on {{ fold_case('orders.status') }} = status_map.status_key
