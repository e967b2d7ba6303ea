-- Undelivered rows by counter and reason. Filter `mart_rows` by entity and reason to list the rows.
-- `pending` rows have no reason; the next run sends them.
with undelivered as (
    select
        entity,
        column_name,
        counter_id,
        updated_at,
        coalesce(reason, state) as reason
    from {{ source('metrica_export', 'mart_rows') }}
    where state <> 'sent'
)

select
    entity,
    reason,
    column_name,
    counter_id,
    cast(min(updated_at) as date) as oldest_change,
    count(*) as row_count
from undelivered
group by entity, reason, column_name, counter_id
order by counter_id, entity, reason, column_name
