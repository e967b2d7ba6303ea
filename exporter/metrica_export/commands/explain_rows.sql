-- The rows of the mart with one id. All rows of a changed or duplicated id are staged.
with staged as (
    select
        s.rowid as _row,
        s._hash,
        s._updated_at,
        p._state,
        p._column,
        p._reason,
        p._detail
    from {{ staged }} as s
    left join {{ problems }} as p on s.rowid = p._row
    where s._id = {{ id }}
),

others as (
    select
        k._hash,
        k._updated_at,
        v._state,
        v._column,
        v._reason,
        v._detail
    from {{ mart_keys }} as k
    left join {{ standing_verdicts }} as v on k._id = v._id
    where k._id = {{ id }} and not exists (select 1 from staged)
)

select
    _row,
    _hash,
    {{ updated_at }} as updated_at,
    _state,
    _column,
    _reason,
    _detail
from (
    select * from staged
    union all
    select
        null as _row,
        *
    from others
) as found
order by _updated_at, _hash
