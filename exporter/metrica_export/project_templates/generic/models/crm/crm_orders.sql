-- One row per order. Replace the columns by those of your table and keep the names after `as`.
-- List every status in seeds/crm_order_statuses.csv.
select
    id as order_id,
    contact_id as contact_id,
    status as status,
    amount as revenue,
    cast(null as numeric) as cost,
    currency as currency,
    created_at as created_at,
    updated_at as updated_at,
    finished_at as finished_at
from {{ source('crm', 'orders') }}
