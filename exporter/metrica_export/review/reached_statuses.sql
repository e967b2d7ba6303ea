with reached as (
    select unnest(coalesce(_pending, [_status])) as status
    from ({{ rows }}) as sendable
)

select
    status,
    count(*) as orders
from reached
where status is not null
group by status
