-- Metrica never changes the first creation date. Dates outside this range are never sent.
with created as (
    select coalesce(cast({{ created }} as timestamp), (
        select min(created)
        from {{ dates }}
        where created between timestamp '1970-01-01' and timestamp '9999-01-01'
    )) as created
),

deadlines as (
    select
        created,
        timezone({{ zone }}, created + interval '{{ link_days }} days') as link_deadline,
        timezone({{ zone }}, created + interval '{{ update_days }} days') as update_deadline,
        {{ now }} as now
    from created
    where created is not null
)

select
    cast(created as text) as created,
    {{ link_deadline }} as link_deadline,
    cast(floor(epoch(link_deadline - now) / 86400) as integer) as link_days_left,
    {{ update_deadline }} as update_deadline,
    cast(floor(epoch(update_deadline - now) / 86400) as integer) as update_days_left,
    {{ applies }} as applies
from deadlines
