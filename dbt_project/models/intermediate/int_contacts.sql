with known as (
    select
        contact_id,
        count(distinct kind || identifier) as identifiers_count
    from {{ ref('int_contact_identifiers') }}
    where identifier is not null
    group by contact_id
),

changed as (
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
    cast(coalesce(known.identifiers_count, 0) as integer) as identifiers_count,
    greatest(contacts.updated_at, changed.updated_at) as updated_at
from {{ ref('stg_crm__contacts') }} as contacts
left join known on contacts.contact_id = known.contact_id
left join changed on contacts.contact_id = changed.contact_id
