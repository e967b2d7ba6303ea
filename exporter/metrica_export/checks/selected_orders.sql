create or replace table {{ selected }} as
with reaching as (
    select
        _row,
        _id,
        _deadline,
        coalesce(_pending[-1], _status) as status
    from ({{ rows }}) as sendable
),

ranked as (
    select
        _row,
        status,
        row_number() over (
            partition by status order by coalesce(_deadline < {{ now }}, true), md5(_id)
        ) as nth
    from reaching
)

select _row
from ranked
order by nth, status
limit {{ most }}
