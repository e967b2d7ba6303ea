-- Deliveries that are PASSED, or that may have arrived; the details are for later runs.
select
    d.id as _id,
    d.upload_no as _upload_no,
    {% if details %}
    s.status as _status,
    d.step as _step,
    d.create_date_time as _created,
    d.filled as _filled,
    {% endif %}
    coalesce(replace(cast(d.row_hash as text), '-', ''), '') as _hash,
    (u.status = 'PASSED') as _passed
from {{ ledger }}.ledger_deliveries as d
inner join {{ ledger }}.ledger_uploads as u on d.upload_no = u.upload_no
{% if details %}
left join {{ ledger }}.ledger_status_numbers as s
    on u.counter_id = s.counter_id and d.status_no = s.status_no
{% endif %}
where
    u.counter_id = {{ counter_id }}
    and u.entity = {{ entity }}
    and u.status in ('PASSED', 'started', 'unknown')
