-- All columns of deliveries.sql without a row, for a warehouse without a ledger.
select
    cast(null as text) as _id,
    cast(null as text) as _hash,
    0 as _upload_no,
    false as _passed,
    cast(null as text) as _status,
    cast(null as smallint) as _step,
    cast(null as timestamp) as _created,
    cast(null as bigint) as _filled
where false
