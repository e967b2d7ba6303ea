{{ config(
    enabled=var('crm') == 'bitrix24' and var('crm_has_order_status_history'),
    materialized='view',
) }}

with history as (
    select * from {{ ref('metrica_crm', 'base_bitrix24__stage_history') }}
),

orders as (
    select * from {{ ref('metrica_crm', 'bitrix24__orders') }}
)

select
    history.order_id,
    history.status,
    history.changed_at
from history
inner join orders on history.order_id = orders.order_id
