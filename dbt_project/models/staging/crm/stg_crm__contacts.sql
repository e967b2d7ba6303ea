{{ config(pre_hook="{{ require_times('contacts', ['created_at', 'updated_at']) }}") }}

select
    {{ id_text('contact_id') }} as contact_id,
    cast(full_name as text) as full_name,
    cast(email as text) as email,
    cast(phone as text) as phone,
    cast(metrica_client_id as text) as metrica_client_id,
    {{ day('birth_date') }} as birth_date,
    {{ instant('created_at') }} as created_at,
    {{ instant('updated_at') }} as updated_at
{{ attributes('contacts') }}
from {{ source('crm', 'contacts') }}
