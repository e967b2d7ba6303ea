-- The rows that the ledger knows, for marts in another database: those with a verdict, and the
-- delivered ones in the state of their last delivery, which `mart_rows` finds.
select
    counter_id,
    entity,
    id,
    row_hash,
    cast(null as timestamptz) as updated_at
from {{ ledger }}.ledger_verdicts
union all
select
    p.counter_id,
    p.entity,
    p.id,
    p.row_hash,
    cast(null as timestamptz) as updated_at
from last_deliveries as p
where
    p.nth = 1
    and not exists (
        select 1
        from {{ ledger }}.ledger_verdicts as v
        where v.counter_id = p.counter_id and v.entity = p.entity and v.id = p.id
    )
