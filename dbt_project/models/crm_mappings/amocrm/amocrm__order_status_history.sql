{{ config(
    enabled=var('crm') == 'amocrm' and var('crm_has_order_status_history'),
    materialized='view',
) }}

with changes as (
    select * from {{ ref('metrica_crm', 'int_amocrm__status_changes') }}
),

orders as (
    select * from {{ ref('metrica_crm', 'amocrm__orders') }}
)

select
    orders.order_id,
    changes.pipeline_id || ':' || changes.stage_id || case
        when changes.stage_id = '143' and orders.is_spam then ':spam' else ''
    end as status,
    changes.changed_at
from changes
inner join orders on changes.order_id = orders.order_id
