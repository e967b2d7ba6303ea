-- One line for each upload.
select
    upload_no,
    run_no,
    counter_id,
    entity,
    row_count,
    byte_count,
    sha256,
    started_at,
    finished_at,
    status,
    uploading_id
from {{ ledger }}.ledger_uploads
