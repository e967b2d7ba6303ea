-- The uploads of a mart that are PASSED, or that may have arrived.
select upload_no
from {{ ledger }}.ledger_uploads
where
    counter_id = {{ counter_id }}
    and entity = {{ entity }}
    and status in ('PASSED', 'started', 'unknown')
