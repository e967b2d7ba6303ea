-- One line for each run and each mart that the run compared.
select
    r.run_no,
    r.counter_id,
    r.started_at,
    r.finished_at,
    r.exit_code,
    r.message,
    e.entity,
    e.mart_rows,
    e.sent,
    e.unchanged,
    e.rejected,
    e.held,
    e.uploads,
    r.requests
from {{ ledger }}.ledger_runs as r
left join {{ ledger }}.ledger_run_entities as e on r.run_no = e.run_no
