-- What Metrica does not have yet, counter by counter, and why. Filter `mart_rows` by entity
-- and reason to see the rows themselves. `pending` rows have no reason and go in the next run.
with waiting as (
    select
        entity,
        column_name,
        counter_id,
        updated_at,
        coalesce(reason, state) as why
    from {{ source('metrica_export', 'mart_rows') }}
    where state <> 'sent'
)

select
    entity,
    why,
    column_name,
    counter_id,
    cast(min(updated_at) as date) as oldest_change,
    count(*) as row_count
from waiting
group by entity, why, column_name, counter_id
order by counter_id, entity, why, column_name
