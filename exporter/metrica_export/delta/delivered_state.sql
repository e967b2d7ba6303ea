create or replace table {{ delivered_state }} as
with summed as (
    select
        _id,
        max(_upload_no) filter (where _passed) as _passed_no,
        bit_or(_filled) filter (where not _passed) as _unknown_filled,
        arg_min(_created, _upload_no) as _created
    from {{ deliveries }}
    group by _id
),

unknown as (
    select
        deliveries._id,
        list({ 'step': deliveries._step, 'status': deliveries._status }) as _steps
    from {{ deliveries }} as deliveries
    inner join summed on deliveries._id = summed._id
    where
        not deliveries._passed
        and deliveries._upload_no > coalesce(summed._passed_no, -1)
    group by deliveries._id
)

select
    staged.rowid as _row,
    summed._passed_no is not null as _delivered,
    summed._created,
    passed._status,
    passed._step,
    passed._filled | coalesce(summed._unknown_filled, 0) as _filled,
    unknown._steps as _unknown_steps
from summed
left join unknown on summed._id = unknown._id
inner join {{ staged }} as staged on summed._id = staged._id
left join {{ deliveries }} as passed
    on summed._id = passed._id and summed._passed_no = passed._upload_no
