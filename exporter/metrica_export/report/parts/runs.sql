-- The runs of the last days, the last run in any case, and all requests since the quota's renewal.
with runs as (
    select
        run_no,
        timezone({{ zone }}, started_at) as started_at,
        timezone({{ zone }}, finished_at) as finished_at,
        exit_code,
        message,
        message_texts,
        requests
    from {{ ledger }}.ledger_runs
    where counter_id = {{ counter_id }}
),

counts as (
    select
        run_no,
        sum(sent) as delivered,
        sum(rejected) as rejected,
        sum(held) as held,
        sum(mart_rows) as mart_rows
    from {{ ledger }}.ledger_run_entities
    group by run_no
),

today as (
    select coalesce(sum(requests), 0) as requests
    from runs
    where started_at >= {{ quota_day }}
)

select
    runs.run_no,
    runs.started_at,
    runs.finished_at,
    runs.exit_code,
    runs.message,
    runs.requests,
    cast(coalesce(counts.delivered, 0) as bigint) as delivered,
    cast(coalesce(counts.rejected, 0) as bigint) as rejected,
    cast(coalesce(counts.held, 0) as bigint) as held,
    cast(coalesce(counts.mart_rows, 0) as bigint) as mart_rows,
    runs.message_texts,
    cast(today.requests as bigint) as requests_today
from runs
cross join today
left join counts on runs.run_no = counts.run_no
where
    runs.started_at >= {{ since }}
    or runs.run_no = (select max(run_no) from runs)
order by runs.run_no
