-- The present verdicts of a mart. `_since` is the first run of the unbroken series of runs that
-- rejected or held the row.
select
    id as _id,
    row_hash as _hash,
    state as _state,
    column_name as _column,
    reason as _reason,
    detail as _detail,
    run_no as _since
from {{ ledger }}.ledger_verdicts
where counter_id = {{ counter_id }} and entity = {{ entity }}
