-- The hashes that the last pass saw for the ids in the window: of the verdict, or else delivered.
with judged as (
    select
        _id,
        _hash
    from {{ recorded_verdicts }}
    where _id is null or _id in (select _id from {{ mart_keys }})
)

select _hash
from judged
union all
select _hash
from {{ delivered }}
where
    _id in (select _id from {{ mart_keys }})
    and _id not in (
        select _id from judged
        where _id is not null
    )
