-- Deliveries that are PASSED, or that may have arrived.
select
    d.id as _id,
    d.upload_no as _upload_no,
    coalesce(replace(cast(d.row_hash as text), '-', ''), '') as _hash,
    (u.status = 'PASSED') as _passed
from {{ ledger }}.ledger_deliveries as d
inner join {{ ledger }}.ledger_uploads as u on d.upload_no = u.upload_no
where
    u.counter_id = {{ counter_id }}
    and u.entity = {{ entity }}
    and u.status in ('PASSED', 'started', 'unknown')
