create or replace table {{ piles }} as
with refused as (
    select
        staged.rowid as _row,
        recorded._column
    from {{ staged }} as staged
    inner join {{ recorded_verdicts }} as recorded
        on staged._id = recorded._id and staged._hash = recorded._hash
    where recorded._reason = 'refused_with_others'
)

select
    _row,
    _column,
    dense_rank() over (order by _column nulls first) as _pile
from refused
