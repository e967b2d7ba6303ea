-- The hashes of the ids in the window at the last pass: of the verdict, otherwise the delivered one.
with with_verdict as (
    select
        _id,
        _hash
    from {{ recorded_verdicts }}
    where _id is null or _id in (select _id from {{ mart_keys }})
)

select _hash
from with_verdict
union all
select _hash
from {{ delivered }}
where
    _id in (select _id from {{ mart_keys }})
    and _id not in (
        select _id from with_verdict
        where _id is not null
    )
