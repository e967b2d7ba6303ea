-- One row per contact. Replace the columns by those of your table and keep the names after `as`.
-- e-mail, phone and ClientID may hold several values; a missing column may be null.
select
    id as contact_id,
    name as full_name,
    email as email,
    phone as phone,
    metrica_client_id as metrica_client_id,
    cast(null as date) as birth_date,
    created_at as created_at,
    updated_at as updated_at
from {{ source('crm', 'contacts') }}
