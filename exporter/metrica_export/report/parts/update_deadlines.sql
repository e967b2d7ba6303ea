with delivered as (
    select
        {{ update_days }} - date_diff('day', day, {{ today }}) as days_left,
        status_type = 'in_progress' as is_open,
        orders
    from {{ order_groups }}
    where day <= {{ today }}
    union all
    select
        {{ update_days }} - date_diff('day', cast(created_at as date), {{ today }}) as days_left,
        status_type = 'in_progress' as is_open,
        -1 as orders
    from {{ undelivered }}
    where not was_delivered and created_at is not null
)

select
    cast(weeks.days_left as integer) as days_left,
    cast(greatest(coalesce(sum(delivered.orders) filter (where delivered.is_open), 0), 0) as bigint)
        as open,
    cast(
        greatest(
            coalesce(sum(delivered.orders) filter (where delivered.is_open is not true), 0), 0
        ) as bigint
    ) as closed
from (select unnest(range(0, {{ update_days }} + 1, 7)) as days_left) as weeks
left join delivered
    on
        weeks.days_left <= delivered.days_left
        and weeks.days_left + 7 > delivered.days_left
group by weeks.days_left
order by weeks.days_left
