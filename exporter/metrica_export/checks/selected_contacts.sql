create or replace table {{ selected }} as
select _row
from ({{ rows }}) as sendable
where
    _id in (
        select cast(client_uniq_id as text)
        from {{ orders }}
        where
            rowid in (select _row from {{ selected_orders }})
            and client_uniq_id is not null
    )
