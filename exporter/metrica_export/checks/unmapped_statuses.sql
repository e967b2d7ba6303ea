-- One staged order with a status that neither Metrica nor the mart order_statuses knows.
with statuses as (
    select s.order_status as status
    from {{ staged }} as s
    {% if has_path %}
    union all
    select unnest(string_split(s.{{ status_path }}, ',')) as status
    from {{ staged }} as s
    {% endif %}
)

select 1
from statuses
where status not in ({{ mapped }})
limit 1
