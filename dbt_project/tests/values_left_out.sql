{{ config(severity='warn') }}
{{ warn_of_left_out(ref('metrica_crm', 'left_out')) }}

select
    entity,
    kind,
    reason,
    left_out,
    total,
    round(100.0 * left_out / total, 1) as percent
from {{ ref('metrica_crm', 'left_out') }}
