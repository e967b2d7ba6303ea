-- Orders, revenue and profit by the status type in Metrica.
with orders as (
    select
        orders.currency,
        orders.revenue,
        orders.cost,
        coalesce(
            statuses.type,
            case
                when orders.order_status like 'unmapped:%' then 'no mapping: held'
                else 'no status: not sent'
            end
        ) as status_type
    from {{ ref('metrica_crm', 'orders') }} as orders
    left join {{ ref('metrica_crm', 'order_statuses') }} as statuses
        on orders.order_status = statuses.id
)

select
    status_type,
    currency,
    count(*) as orders,
    sum(revenue) as revenue,
    sum(revenue - cost) as profit_if_cost_known,
    count(*) filter (where cost is null) as orders_without_cost
from orders
group by status_type, currency
order by status_type, currency
