-- One line for each delivered order that was created in a range of days.
--
-- The status is that of the last accepted upload. An order that left the mart has no identifiers.
with mart as (
    select
        cast(o.id as text) as id,
        cast(o.{{ contact_of_order }} as text) as contact,
        case
            when coalesce({{ currency }}, {{ default_currency }}) = {{ default_currency }}
                then {{ revenue }}
        end as revenue
    from {{ orders }} as o
),

-- A mart can have several rows with one id, and an order several deliveries.
deliveries as (
    select
        d.id,
        min(d.create_date_time) as create_date_time,
        min(u.finished_at) as sent_at,
        -- The last status, packed behind the number of its upload: a sort takes three times longer.
        max(d.upload_no * cast(65536 as bigint) + coalesce(d.status_no, 0)) % 65536 as status_no,
        max(mart.contact) as contact,
        max(mart.revenue) as revenue
    from {{ ledger }}.ledger_deliveries as d
    inner join {{ ledger }}.ledger_uploads as u on d.upload_no = u.upload_no
    left join mart on d.id = mart.id
    where
        u.counter_id = {{ counter_id }}
        and u.entity = {{ entity }}
        and u.status = 'PASSED'
        and d.create_date_time >= {{ first_day }}
        and d.create_date_time < {{ end_day }}
    group by d.id
),

orders as (
    select
        d.id,
        d.contact,
        d.revenue,
        cast(date_trunc('month', d.create_date_time) as date) as cohort,
        d.sent_at <= timezone({{ zone }}, d.create_date_time + {{ link_days }} * interval '1 day')
            as in_window,
        lower(coalesce(
            {% if uses_mapping %}
            m.type,
            {% endif %}
            case when s.status in ({{ default_statuses }}) then s.status end,
            'OTHER'
        )) as status_type
    from deliveries as d
    left join {{ ledger }}.ledger_status_numbers as s
        on d.status_no = s.status_no and s.counter_id = {{ counter_id }}
    {% if uses_mapping %}
    left join {{ ledger }}.ledger_statuses as m
        on s.status = m.id and m.counter_id = {{ counter_id }}
    {% endif %}
),

contacts as (
    select
        cast(c.{{ contact_key }} as text) as contact,
        min({{ kind }}) as identifiers,
        max({{ client_ids }}) as client_ids
    from {{ contacts }} as c
    group by cast(c.{{ contact_key }} as text)
)

select
    o.id,
    o.cohort,
    o.in_window,
    o.status_type,
    o.contact,
    case when o.status_type = 'paid' then o.revenue end as revenue,
    c.client_ids,
    coalesce(c.identifiers, 'none') as identifiers
from orders as o
left join contacts as c on o.contact = c.contact
