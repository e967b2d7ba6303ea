with listed as (
    select
        _row,
        _is_bad,
        unnest({{ keys }}) as _key
    from {{ sample }}
)

select
    _key,
    list(_row) as bad_rows
from listed
where
    _is_bad
    and _key not in (
        select _key from listed
        where not _is_bad
    )
group by _key
order by count(*) desc, _key
