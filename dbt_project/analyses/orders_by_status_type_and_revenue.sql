-- What the orders amount to, by what their status means to Metrica.
select
    orders.currency,
    coalesce(statuses.type, 'no status: not sent') as status_type,
    count(*) as orders,
    sum(orders.revenue) as revenue,
    sum(orders.revenue - orders.cost) as profit_where_cost_is_known,
    count(*) filter (where orders.cost is null) as orders_without_cost
from {{ ref('orders') }} as orders
left join {{ ref('order_statuses') }} as statuses on orders.order_status = statuses.id
group by statuses.type, orders.currency
order by statuses.type nulls last, orders.currency
