create or replace table {{ missing_contacts }} as
with missing as (
    select distinct cast(client_uniq_id as text) as _id
    from {{ staged }}
    where
        client_uniq_id is not null
        and cast(client_uniq_id as text) not in (
            select _id from {{ available_contacts }}
            where _id is not null
        )
)

select
    _id,
    _id in (select _id from {{ verdicts }}) as _has_verdict
from missing
