-- An order that was delivered once is tied, or never will be: its later states count as delivered.
with orders as (
    select
        {{ link_days }} - date_diff('day', day, {{ today }}) as days_left,
        sum(orders) as orders
    from {{ order_groups }}
    where day <= {{ today }}
    group by all
),

undelivered as (
    select
        {{ link_days }} - date_diff('day', cast(created_at as date), {{ today }}) as days_left,
        count(*) filter (where state <> 'rejected') as waiting,
        count(*) filter (where state = 'rejected') as rejected
    from {{ undelivered }}
    where not was_delivered and created_at is not null
    group by all
)

select
    cast(days.days_left as integer) as days_left,
    cast(
        greatest(
            coalesce(orders.orders, 0)
            - coalesce(undelivered.waiting, 0)
            - coalesce(undelivered.rejected, 0),
            0
        ) as bigint
    ) as delivered,
    coalesce(undelivered.waiting, 0) as waiting,
    coalesce(undelivered.rejected, 0) as rejected
from (select unnest(range(0, {{ link_days }} + 1)) as days_left) as days
left join orders on days.days_left = orders.days_left
left join undelivered on days.days_left = undelivered.days_left
order by days.days_left
