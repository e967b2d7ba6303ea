-- A later upload with an unknown outcome invalidates the watermark: a row that was changed and
-- changed back looks unchanged, but Metrica may have its other state.
select
    cast(w.updated_at as text) as updated_at,
    w.mart_rows,
    cast(w.checksum as text) as checksum,
    w.vanished
from {{ ledger }}.ledger_watermarks as w
where
    w.counter_id = {{ counter_id }}
    and w.entity = {{ entity }}
    and not exists (
        select 1
        from {{ ledger }}.ledger_uploads as u
        where
            u.counter_id = w.counter_id
            and u.entity = w.entity
            and u.run_no > w.run_no
            and u.status in ('started', 'unknown')
    )
