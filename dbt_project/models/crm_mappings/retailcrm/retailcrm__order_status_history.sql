{{ config(
    enabled=var('crm') == 'retailcrm' and var('crm_has_order_status_history'),
    materialized='view',
) }}

with changes as (
    select * from {{ ref('metrica_crm', 'int_retailcrm__status_changes') }}
),

orders as (
    select * from {{ ref('metrica_crm', 'retailcrm__orders') }}
)

select
    changes.order_id,
    changes.status,
    changes.changed_at
from changes
inner join orders on changes.order_id = orders.order_id
