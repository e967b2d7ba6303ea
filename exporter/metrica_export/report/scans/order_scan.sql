-- Recent orders in groups. A path ends with the order's own status, so that one column has both.
select
    o.day,
    o.status_path,
    o.currency,
    count(*) as orders,
    cast(sum(o.revenue) as decimal(38, 2)) as revenue
from (
    select
        cast(o.create_date_time as date) as day,
        {{ status_path }} as status_path,
        {{ currency }} as currency,
        {{ revenue }} as revenue
    from {{ orders }} as o
    where
        o.create_date_time >= {{ first_month }}
        and o.create_date_time < {{ tomorrow }}
    {% if is_postgres %}
    -- PostgreSQL expects as many groups as moments and paths, and aggregates on one processor.
    -- Columns of a subquery have no statistics. A constant of another type than bigint would keep
    -- the subquery from parallel processes.
    offset bigint '0'
    {% endif %}
) as o
group by 1, 2, 3
