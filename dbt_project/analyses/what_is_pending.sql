-- What Metrica does not have yet, counter by counter, and why. Filter `mart_rows` by entity
-- and state to see the rows themselves.
select
    counter_id,
    entity,
    state,
    column_name,
    reason,
    count(*) as row_count,
    min(updated_at) as oldest_change
from {{ source('metrica_export', 'mart_rows') }}
where state <> 'sent'
group by counter_id, entity, state, column_name, reason
order by counter_id, entity, state, reason
