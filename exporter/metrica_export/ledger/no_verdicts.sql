-- The columns of verdicts.sql without a row, for a warehouse without a ledger.
select
    cast(null as text) as _id,
    cast(null as text) as _hash,
    cast(null as text) as _state,
    cast(null as text) as _column,
    cast(null as text) as _reason,
    cast(null as text) as _detail,
    cast(null as integer) as _since
where false
