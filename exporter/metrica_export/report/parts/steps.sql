with paths as (
    select
        status_path,
        sum(orders) as orders
    from {{ order_groups }}
    where status_path is not null
    group by status_path
),

-- An order counts once for each status, however often its path returns to it.
passed as (
    select
        status,
        sum(orders) as orders,
        -- A path of one status does not show its place.
        sum(orders * place) filter (where status_path like '%,%')
        / sum(orders) filter (where status_path like '%,%') as place
    from (
        select
            status_path,
            orders,
            status,
            min(place) as place
        from (
            select
                status_path,
                orders,
                unnest(string_split(status_path, ',')) as status,
                generate_subscripts(string_split(status_path, ','), 1) as place
            from paths
        ) as unnested
        group by status_path, orders, status
    ) as once
    group by status
),

undelivered_steps as (
    select
        status,
        count(*) filter (where state <> 'rejected') as to_send,
        count(*) filter (where state = 'rejected') as rejected
    from (
        select
            state,
            unnest(list_distinct(steps)) as status
        from {{ undelivered }}
        where
            mart in ('orders', 'simple_orders')
            and created_at >= {{ first_month }}
            and created_at < {{ tomorrow }}
    ) as unnested
    group by status
),

{% if has_ledger %}
reached as (
    select
        details._id,
        details._status as status,
        min(uploads.run_no) as run_no,
        min(uploads.finished_at) as reached_at
    from {{ report_deliveries }} as details
    inner join {{ ledger }}.ledger_uploads as uploads on details._upload_no = uploads.upload_no
    where
        details._passed
        and details._id in (select _id from {{ recent_ids }})
    group by details._id, details._status
),

pairs as (
    select
        status,
        run_no,
        reached_at,
        lag(reached_at) over orders as before_at,
        lag(run_no) over orders as before_run
    from reached
    window orders as (partition by _id order by reached_at)
),

hours as (
    select
        status,
        median(date_diff('second', before_at, reached_at)) / 3600.0 as median_hours,
        count(*) as measured
    from pairs
    where before_run < run_no
    group by status
),
{% else %}
hours as (
    select
        cast(null as text) as status,
        cast(null as double) as median_hours,
        0 as measured
),
{% endif %}

named as (select * from {{ status_types }} as named),

shown as (
    select
        passed.status,
        named.humanized,
        named.type,
        cast(passed.orders as bigint) as orders,
        coalesce(undelivered_steps.to_send, 0) as to_send,
        coalesce(undelivered_steps.rejected, 0) as rejected,
        hours.median_hours,
        coalesce(hours.measured, 0) as measured,
        passed.place
    from passed
    left join undelivered_steps on passed.status = undelivered_steps.status
    left join hours on passed.status = hours.status
    left join named on passed.status = named.id
    order by passed.orders desc, passed.status asc
    limit {{ top }}
)

select * exclude (place)
from shown
order by
    case type
        when 'in_progress' then 1
        when 'paid' then 2
        when 'other' then 3
        when 'cancelled' then 4
        else 5
    end asc,
    place asc nulls last,
    orders desc,
    status asc
