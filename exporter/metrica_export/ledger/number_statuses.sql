insert into {{ status_numbers }}
select
    s._status,
    (select coalesce(max(n._no), 0) from {{ status_numbers }} as n)
    + row_number() over (order by s._status) as _no,
    true as _is_new
from ({{ statuses }}) as s
where
    s._status is not null
    and s._status not in (select n._status from {{ status_numbers }} as n)
