-- One line for each order of a mart and each counter that had a run in the mart's mode.
with orders as (select * from ({{ mart_orders }}) as mart_orders),

counters as (select * from ({{ counters }}) as counters),

-- Metrica never changes the first creation date.
first_deliveries as (
    select
        u.counter_id,
        u.entity,
        d.id,
        (
            array_agg(d.create_date_time order by d.upload_no)
            filter (where d.create_date_time is not null)
        )[1] as create_date_time,
        min(u.finished_at) filter (where u.status = 'PASSED') as sent_at
    from {{ ledger }}.ledger_deliveries as d
    inner join {{ ledger }}.ledger_uploads as u on d.upload_no = u.upload_no
    where u.status not in ('FAILED', 'prepared') and u.entity in ('orders', 'simple_orders')
    group by u.counter_id, u.entity, d.id
),

dated as (
    select
        c.counter_id,
        o.entity,
        o.id,
        coalesce(f.create_date_time, o.create_date_time) as create_date_time,
        o.time_zone,
        f.sent_at
    from orders as o
    inner join counters as c
        on
            c.is_simple = (o.entity = 'simple_orders')
            {% if of_ledger %}
            and o.counter_id = c.counter_id
            {% endif %}
            {% if has_filters %}
            and (c.counter_id = any(o.not_for)) is not true
            {% endif %}
    left join first_deliveries as f
        on c.counter_id = f.counter_id and o.entity = f.entity and o.id = f.id
),

-- The zone is the one that the manifest names; a run itself reads it from mart_builds.
windows as (
    select
        counter_id,
        entity,
        id,
        create_date_time,
        sent_at,
        timezone(time_zone, create_date_time + {{ link_days }} * interval '1 day') as link_deadline,
        timezone(time_zone, create_date_time + {{ update_days }} * interval '1 day')
            as update_deadline
    from dated
)

select
    counter_id,
    entity,
    id,
    create_date_time,
    sent_at as first_sent_at,
    link_deadline,
    cast(floor(extract(epoch from link_deadline - now()) / 86400) as integer) as link_days_left,
    update_deadline,
    cast(floor(extract(epoch from update_deadline - now()) / 86400) as integer) as update_days_left
from windows
