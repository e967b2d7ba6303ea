-- `now` is the warehouse's time. A verdict with a NULL `_since` begins with this run.
insert into {{ ledger }}.ledger_verdicts
(
    counter_id, entity, id, row_hash, state, column_name, reason, run_no, judged_at, detail
)
select
    {{ counter_id }} as counter_id,
    {{ entity }} as entity,
    _id,
    _hash,
    _state,
    _column,
    _reason,
    coalesce(_since, {{ run_no }}) as run_no,
    {{ now }} as judged_at,
    _detail
from ({{ verdicts }}) as v
