with dates as (
    select
        finish_left_out,
        count(*) as dates
    from {{ ref('metrica_crm', 'int_orders') }}
    where finished_at is not null or finish_left_out is not null
    group by finish_left_out
),

with_total as (
    select
        finish_left_out,
        dates,
        sum(dates) over () as total
    from dates
)

select
    'orders' as entity,
    'finish_date_time' as kind,
    finish_left_out as reason,
    dates as left_out,
    cast(total as bigint) as total
from with_total
where finish_left_out is not null
