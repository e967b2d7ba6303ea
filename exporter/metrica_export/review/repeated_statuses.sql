with pending as (
    select
        p._status as delivered_status,
        unnest(coalesce(x._pending, [x._status])) as status
    from {{ delivered_state }} as p
    inner join ({{ rows }}) as x on p._row = x._row
)

select
    status,
    count(*) as orders
from pending
where status = delivered_status
group by status
