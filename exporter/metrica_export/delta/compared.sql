create or replace table {{ compared }} as
select
    keys._id,
    delivered._id is not null
    and not (delivered._hash is not distinct from '{{ erased }}') as _is_delivered,
    delivered._id is not null
    and not (delivered._hash is distinct from keys._hash) as _is_same,
    keys._hash is null
    or (
        (delivered._hash is distinct from keys._hash or delivered._undecided)
        and rejected._id is null
    ) as _is_changed
from {{ mart_keys }} as keys
left join {{ delivered }} as delivered on keys._id = delivered._id
left join {{ recorded_verdicts }} as rejected
    on keys._id = rejected._id and keys._hash = rejected._hash and rejected._state = 'rejected'
