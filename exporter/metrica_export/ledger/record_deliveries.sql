-- The rows of an upload. `status_numbers` is the local table of Journal.number_statuses.
insert into {{ ledger }}.ledger_deliveries
(create_date_time, filled, upload_no, status_no, step, row_hash, id)
select
    d._created,
    d._filled,
    {{ upload_no }} as upload_no,
    n._no,
    -- Without a step the next run goes on after the last place of the status in the path.
    try_cast(d._step as smallint) as step,
    cast(d._hash as uuid) as row_hash,
    d._id
from ({{ rows }}) as d
left join {{ status_numbers }} as n on d._status = n._status
