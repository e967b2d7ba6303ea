select
    id as contact_id,
    name as full_name,
    email,
    phone,
    cast(null as text) as metrica_client_id,
    cast(null as date) as birth_date,
    changed_at as created_at,
    changed_at as updated_at
from {{ ref('raw_people') }}
