insert into {{ ledger }}.ledger_uploads
(
    upload_no, run_no, counter_id, entity, row_count, byte_count, sha256, local_api, started_at,
    status
)
values
(
    {{ upload_no }}, {{ run_no }}, {{ counter_id }}, {{ entity }}, {{ row_count }},
    {{ byte_count }}, {{ sha256 }}, {{ local_api }}, now(),
    'prepared'
)
