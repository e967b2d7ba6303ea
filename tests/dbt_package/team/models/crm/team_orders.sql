select
    id as order_id,
    person_id as contact_id,
    stage as status,
    amount as revenue,
    cast(null as numeric) as cost,
    'RUB' as currency,
    created_at,
    changed_at as updated_at,
    cast(null as timestamp) as finished_at
from {{ ref('raw_deals') }}
