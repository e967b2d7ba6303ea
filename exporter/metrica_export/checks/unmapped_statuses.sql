-- One staged order with a status that is neither Metrica's own nor in the mart order_statuses.
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
