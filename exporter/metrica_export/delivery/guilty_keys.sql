with listed as (
    select
        _row,
        _is_guilty,
        unnest({{ keys }}) as _key
    from {{ sample }}
)

select
    _key,
    list(_row) as guilty_rows
from listed
where
    _is_guilty
    and _key not in (
        select _key from listed
        where not _is_guilty
    )
group by _key
order by count(*) desc, _key
