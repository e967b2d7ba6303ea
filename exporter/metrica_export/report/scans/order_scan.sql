-- Recent orders in groups.
select
    cast(o.create_date_time as date) as day,
    cast(o.order_status as text) as order_status,
    {{ status_path }} as status_path,
    {{ currency }} as currency,
    count(*) as orders,
    cast(sum({{ revenue }}) as decimal(38, 2)) as revenue
from {{ orders }} as o
where
    o.create_date_time >= {{ first_month }}
    and o.create_date_time < {{ tomorrow }}
group by 1, 2, 3, 4
