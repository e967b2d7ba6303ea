with identifiers as (
    select
        contact_id,
        max(updated_at) as updated_at
    from {{ ref('stg_crm__contact_identifiers') }}
    group by contact_id
)

select
    contacts.contact_id,
    contacts.full_name,
    contacts.birth_date,
    contacts.created_at,
    greatest(contacts.updated_at, identifiers.updated_at) as updated_at
from {{ ref('stg_crm__contacts') }} as contacts
left join identifiers on contacts.contact_id = identifiers.contact_id
