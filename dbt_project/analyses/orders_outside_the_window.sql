-- Orders by age. Metrica ties an order to visits of the 21 days before it, and accepts changes of a
-- tied order for 111 days. Older orders never reach its reports.
with orders as (
    select
        order_status,
        currency,
        revenue,
        case
            when create_date_time > {{ counter_now() }} then 'in the future'
            when create_date_time >= {{ counter_now() }} - interval '21 days' then 'up to 21 days'
            when create_date_time >= {{ counter_now() }} - interval '111 days' then 'up to 111 days'
            when create_date_time is not null then 'over 111 days'
            else 'no date: not sent'
        end as age
    from {{ ref('metrica_crm', 'orders') }}
)

select
    orders.age,
    statuses.type as status_type,
    orders.currency,
    count(*) as orders,
    sum(orders.revenue) as revenue
from orders
left join {{ ref('metrica_crm', 'order_statuses') }} as statuses
    on orders.order_status = statuses.id
group by orders.age, statuses.type, orders.currency
order by orders.age, statuses.type, orders.currency
