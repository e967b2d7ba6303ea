-- The uploads of one row, without uploads that no run has started.
select
    u.upload_no,
    u.run_no,
    u.started_at,
    u.finished_at,
    u.status,
    u.uploading_id,
    d.step,
    s.status as order_status,
    replace(cast(d.row_hash as text), '-', '') as row_hash,
    d.create_date_time
from {{ ledger }}.ledger_deliveries as d
inner join {{ ledger }}.ledger_uploads as u on d.upload_no = u.upload_no
left join {{ ledger }}.ledger_status_numbers as s
    on u.counter_id = s.counter_id and d.status_no = s.status_no
where
    u.counter_id = {{ counter_id }}
    and u.entity = {{ entity }}
    and u.status <> 'prepared'
    and {{ id }} = {{ key }}
order by u.upload_no
