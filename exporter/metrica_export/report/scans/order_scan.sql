-- Recent orders in groups. A path ends with the order's own status, so that one column has both.
select
    cast(o.create_date_time as date) as day,
    {{ status_path }} as status_path,
    {{ currency }} as currency,
    count(*) as orders,
    cast(sum({{ revenue }}) as decimal(38, 2)) as revenue
from {{ orders }} as o
where
    o.create_date_time >= {{ first_month }}
    and o.create_date_time < {{ tomorrow }}
group by 1, 2, 3
