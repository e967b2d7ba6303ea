select
    count(distinct s._id) filter (where x._reason is not null) as became,
    count(distinct s._id) as delivered
from {{ delivered_state }} as p
inner join {{ staged }} as s on p._row = s.rowid
left join {{ problems }} as x on p._row = x._row and x._reason <> '{{ intended }}'
where
    p._delivered
    and s._id not in (
        select _id from {{ recorded_verdicts }}
        where _id is not null and _state <> 'pending'
    )
