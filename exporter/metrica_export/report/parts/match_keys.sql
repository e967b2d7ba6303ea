-- Sampled orders by month: those of some pages, or of contacts in the sample by a hash of the id.
select
    cast(date_trunc('month', o.create_date_time) as date) as month,
    count(*) filter (where o.could_visit) as orders,
    count(*) filter (where o.could_visit and ({{ client_ids }} or {{ phones }} or {{ emails }}))
        as any_key,
    count(*) filter (where o.could_visit and {{ client_ids }}) as client_id,
    count(*) filter (where o.could_visit and {{ phones }}) as phone,
    count(*) filter (where o.could_visit and {{ emails }}) as email,
    count(*) filter (where not o.could_visit) as offline
from (
    select
        o.create_date_time,
        {{ could_visit }} as could_visit,
        {{ keys }}
    from {{ orders }} as o {{ table_sample }}
    where
        o.create_date_time >= {{ first_month }}
        and o.create_date_time < {{ tomorrow }}
        and {{ order_in_sample }}
) as o
{% if contacts %}
left join (
    select
        cast(c.uniq_id as text) as contact_id,
        {{ contact_keys }}
    from {{ contacts }} as c
    where {{ contact_in_sample }}
) as c on o.contact_id = c.contact_id
{% endif %}
group by 1
order by 1
