-- The type of each order status: those of the mart, and Metrica's own, whose id is their type.
create or replace table {{ status_types }} as
select
    id,
    any_value(lower(type)) as type,
    any_value(humanized) as humanized
from (
    {% if statuses %}
    select
        cast(id as text) as id,
        cast(type as text) as type,
        cast(humanized as text) as humanized
    from {{ statuses }} as m
    union all
    {% endif %}
    select
        unnest({{ own_types }}) as id,
        unnest({{ own_types }}) as type,
        cast(null as text) as humanized
) as listed
where id is not null
group by id
