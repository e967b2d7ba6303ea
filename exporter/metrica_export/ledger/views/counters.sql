-- The counters that had a run, by mode.
select
    r.counter_id,
    e.entity = 'simple_orders' as is_simple
from {{ ledger }}.ledger_runs as r
inner join {{ ledger }}.ledger_run_entities as e on r.run_no = e.run_no
union
select
    counter_id,
    entity = 'simple_orders' as is_simple
from {{ ledger }}.ledger_uploads
