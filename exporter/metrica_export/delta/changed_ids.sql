create or replace table {{ changed_ids }} as
select distinct _id
from {{ compared }}
where _is_changed
union
select _id
from {{ mart_keys }}
group by _id
having count(*) > 1
