-- The orders that the ledger knows, for marts in another database.
select distinct
    u.counter_id,
    u.entity,
    d.id,
    cast(null as timestamp) as create_date_time,
    {{ zone }} as time_zone
from {{ ledger }}.ledger_deliveries as d
inner join {{ ledger }}.ledger_uploads as u on d.upload_no = u.upload_no
where u.status not in ('FAILED', 'prepared') and u.entity in ('orders', 'simple_orders')
