-- New orders that arrive within Metrica's window, by the strongest kind of identifier.
select
    {{ kind }} as kind,
    count(*) as orders
from ({{ rows }}) as x
inner join {{ staged }} as s on x._row = s.rowid
left join {{ delivered_state }} as p on x._row = p._row
{% if needs_contact %}
left join ({{ contacts }}) as c on cast(s.client_uniq_id as text) = c._id
{% endif %}
where not coalesce(p._delivered, false) and x._deadline >= {{ now }}
group by kind
