select
    s.rowid as _row,
    {{ columns }}
from {{ staged }} as s
left join {{ delivered_state }} as p on s.rowid = p._row
{% if has_path %}
left join {{ steps }} as t on s.rowid = t._row
{% endif %}
where s.rowid in ({{ among }})
