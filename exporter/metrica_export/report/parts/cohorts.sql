-- The last measurement of each cohort.
with newest as (
    select
        cohort,
        max(measured_at) as measured_at
    from {{ ledger }}.tied_orders
    where counter_id = {{ counter_id }} and cohort >= {{ first_month }}
    group by cohort
),

measured as (
    select tied.*
    from {{ ledger }}.tied_orders as tied
    inner join newest on tied.cohort = newest.cohort and tied.measured_at = newest.measured_at
    where tied.counter_id = {{ counter_id }} and tied.identifiers = 'all'
)

select
    cohort,
    timezone({{ zone }}, max(measured_at)) as measured_at,
    cast(coalesce(max(delivered) filter (where status_type = 'all'), 0) as bigint) as delivered,
    max(tied) filter (where status_type = 'all') as tied,
    max(expected) filter (where status_type = 'all') as expected,
    max(revenue) filter (where status_type = 'paid') as tied_revenue,
    coalesce(
        list(status_type order by status_type)
        filter (where status_type <> 'all' and tied is not null),
        []
    ) as status_types,
    coalesce(
        list(tied order by status_type) filter (where status_type <> 'all' and tied is not null),
        []
    ) as tied_orders
from measured
group by cohort
order by cohort
