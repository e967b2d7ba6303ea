-- Recent uploads with an unknown outcome and an id of Metrica's.
select
    uploading_id,
    upload_no
from {{ ledger }}.ledger_uploads
where
    counter_id = {{ counter_id }}
    and status = 'unknown'
    and uploading_id is not null
    and started_at > {{ now }} - interval '2 days'
