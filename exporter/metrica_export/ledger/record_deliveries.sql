-- The deliveries of an upload. Dictionaries.number_statuses fills the local table status_numbers.
insert into {{ ledger }}.ledger_deliveries
(create_date_time, filled, upload_no, status_no, step, row_hash, id)
select
    d._created,
    d._filled,
    {{ upload_no }} as upload_no,
    n._no,
    -- A NULL step makes the next run continue after the last place of the status in the path.
    try_cast(d._step as smallint) as step,
    cast(d._hash as uuid) as row_hash,
    d._id
from ({{ rows }}) as d
left join {{ status_numbers }} as n on d._status = n._status
