{{ config(pre_hook="{{ require_times('contacts', ['created_at', 'updated_at']) }}") }}
{%- set types = crm_types('contacts') %}

select
    {{ id_text('contact_id', types) }} as contact_id,
    {{ as_text('full_name') }} as full_name,
    {{ cell_text('email', types) }} as email,
    {{ cell_text('phone', types) }} as phone,
    {{ cell_text('metrica_client_id', types) }} as metrica_client_id,
    {{ day('birth_date', types) }} as birth_date,
    {{ instant('created_at', types) }} as created_at,
    {{ attributes('contacts', types=types) }}
    {{ instant('updated_at', types) }} as updated_at
from {{ crm_table('contacts') }}
