select
    x._row,
    x._id,
    case
        when p._row is null then 'no'
        when p._delivered then 'yes'
        else 'unknown'
    end as delivered,
    p._status as last_status,
    coalesce(x._pending, list_filter([x._status], lambda one: one is not null)) as statuses,
    x._steps_left + 1 - greatest(len(coalesce(x._pending, [])), 1) as steps_left,
    if(p._row is null, 0, p._filled) as was_filled,
    {{ filled }} as is_filled,
    coalesce({{ is_moved }}, false) as is_moved
    {{ sent_cells }}
from ({{ rows }}) as x
inner join {{ staged }} as s on x._row = s.rowid
left join {{ delivered_state }} as p on x._row = p._row
{% if among %}
where x._row in ({{ among }})
{% endif %}
order by p._row is null, x._id, x._row
{% if most %}
limit {{ most }}
{% endif %}
