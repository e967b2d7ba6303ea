select distinct
    state,
    column_name,
    reason,
    detail,
    run_no
from {{ ledger }}.ledger_verdicts
where
    counter_id = {{ counter_id }}
    and entity = {{ entity }}
    and id = {{ key }}
order by state, reason
