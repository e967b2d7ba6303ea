{{ config(enabled=var('crm') == 'retailcrm') }}

with statuses as (
    select * from {{ ref('metrica_crm', 'base_retailcrm__statuses') }}
)

select
    status,
    name,
    case
        when status_group = 'complete' then 'PAID'
        when status_group = 'cancel' and {{ is_spam("concat_ws(' ', status, name)") }} then 'SPAM'
        when status_group = 'cancel' then 'CANCELLED'
        else 'IN_PROGRESS'
    end as type
from statuses
