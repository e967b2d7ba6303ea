create or replace table {{ problems }} as
with validated as (
    select
        s.rowid as _row,
        case {{ cases }} end as _why
    from {{ staged }} as s
    left join {{ delivered_state }} as p on s.rowid = p._row
)

select
    _row,
    _why.state as _state,
    _why.column as _column,
    _why.reason as _reason,
    cast(null as text) as _detail
from validated
where _why is not null
