-- One line for each status of an order in an upload.
select
    u.counter_id,
    u.entity,
    d.id,
    d.step,
    s.status as order_status,
    u.upload_no,
    u.started_at,
    u.finished_at,
    u.status,
    u.uploading_id
from {{ ledger }}.ledger_deliveries as d
inner join {{ ledger }}.ledger_uploads as u on d.upload_no = u.upload_no
inner join {{ ledger }}.ledger_status_numbers as s
    on u.counter_id = s.counter_id and d.status_no = s.status_no
where u.status <> 'prepared'
