-- Deliveries that are PASSED, or that may have arrived.
select
    d.id as _id,
    coalesce(replace(cast(d.row_hash as text), '-', ''), '') as _hash,
    d.upload_no as _upload_no,
    (u.status = 'PASSED') as _passed
from metrica_export.ledger_deliveries as d
inner join metrica_export.ledger_uploads as u on d.upload_no = u.upload_no
where
    u.counter_id = :counter_id
    and u.entity = :entity
    and u.status in ('PASSED', 'started', 'unknown')
