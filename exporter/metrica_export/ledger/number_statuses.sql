insert into status_numbers
select
    _status,
    (select coalesce(max(_no), 0) from status_numbers) + row_number() over (order by _status),
    true
from (select distinct _status from (:statuses))
where _status is not null and _status not in (select _status from status_numbers)
