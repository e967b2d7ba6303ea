{{ config(pre_hook="{{ require_times('contacts', ['created_at', 'updated_at']) }}") }}

select
    {{ id_text('contact_id') }} as contact_id,
    cast(full_name as text) as full_name,
    {{ cell_text('email') }} as email,
    {{ cell_text('phone') }} as phone,
    {{ cell_text('metrica_client_id') }} as metrica_client_id,
    {{ day('birth_date') }} as birth_date,
    {{ instant('created_at') }} as created_at,
    {{ attributes('contacts') }}
    {{ instant('updated_at') }} as updated_at
from {{ source('metrica_crm', 'contacts') }}
