-- The last complete run of each mart, and the number of the mart's rows in that run.
select
    e.entity,
    max(e.run_no) as run_no,
    arg_max(e.mart_rows, e.run_no) as mart_rows
from {{ ledger }}.ledger_run_entities as e
inner join {{ ledger }}.ledger_runs as r on e.run_no = r.run_no
where r.counter_id = {{ counter_id }} and r.exit_code in (0, 1)
group by e.entity
