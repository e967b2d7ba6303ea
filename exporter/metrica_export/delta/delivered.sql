create or replace table {{ delivered }} as
with latest as (
    select
        _id,
        max(_upload_no) filter (where _passed) as _passed_no,
        max(_upload_no) filter (where not _passed) as _unknown_no
    from {{ deliveries }}
    group by _id
)

select
    latest._id,
    deliveries._hash,
    coalesce(latest._unknown_no > latest._passed_no, false) as _undecided
from latest
inner join {{ deliveries }} as deliveries
    on latest._id = deliveries._id and latest._passed_no = deliveries._upload_no
