with numbered as (
    select
        *,
        max(measured_at) over (partition by cohort) as latest_at
    from {{ ledger }}.tied_orders
    where counter_id = {{ counter_id }}
)

select
    cohort,
    status_type,
    identifiers,
    delivered,
    in_window,
    tied,
    expected,
    revenue,
    delivered_revenue,
    measured_at
from numbered
where measured_at = latest_at
