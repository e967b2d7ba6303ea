with crm as (
    select
        status_type,
        currency,
        sum(orders) as orders,
        coalesce(sum(revenue), 0) as revenue
    from {{ order_groups }}
    group by status_type, currency
),

undelivered as (
    select
        status_type,
        currency,
        {% for state in ('pending', 'held', 'rejected') %}
        count(*) filter (where state = '{{ state }}') as {{ state }}_orders,
        coalesce(sum(revenue) filter (where state = '{{ state }}'), 0) as {{ state }}_revenue,
        {% endfor %}
        count(*) as orders,
        coalesce(sum(revenue), 0) as revenue
    from {{ undelivered }}
    where
        mart in ('orders', 'simple_orders')
        and created_at >= {{ first_month }}
        and created_at < {{ tomorrow }}
    group by status_type, currency
)

select
    crm.status_type,
    crm.currency,
    crm.orders,
    crm.revenue,
    greatest(crm.orders - coalesce(undelivered.orders, 0), 0) as delivered_orders,
    crm.revenue - coalesce(undelivered.revenue, 0) as delivered_revenue,
    coalesce(undelivered.pending_orders, 0) as pending_orders,
    coalesce(undelivered.pending_revenue, 0) as pending_revenue,
    coalesce(undelivered.held_orders, 0) as held_orders,
    coalesce(undelivered.held_revenue, 0) as held_revenue,
    coalesce(undelivered.rejected_orders, 0) as rejected_orders,
    coalesce(undelivered.rejected_revenue, 0) as rejected_revenue
from crm
left join undelivered
    on
        crm.status_type is not distinct from undelivered.status_type
        and crm.currency is not distinct from undelivered.currency
order by crm.revenue desc, crm.orders desc, crm.status_type asc, crm.currency asc
