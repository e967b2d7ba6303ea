select
    run_no,
    started_at,
    exit_code,
    message
from {{ ledger }}.ledger_runs
where counter_id = {{ counter_id }}
order by run_no desc
limit 1
