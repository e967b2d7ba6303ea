create or replace table {{ missing_contacts }} as
with named as (
    select distinct cast(client_uniq_id as text) as _id
    from {{ staged }}
    where client_uniq_id is not null
)

select
    _id,
    _id in (select _id from {{ verdicts }}) as _has_verdict
from named
where not exists (
    select 1
    from {{ available_contacts }} as available
    where available._id = named._id
)
