select distinct {{ cells }}
from {{ full_list }} as s
where
    cast(
        s.{{ key }} as text) not in (
        select _id from ({{ verdicts }})
        where _id is not null
    )
    and s.{{ key }} is not null
