with cells as (
    select
        contact_id,
        'email' as kind,
        email as cell,
        updated_at
    from {{ ref('stg_crm__contacts') }}
    union all
    select
        contact_id,
        'phone' as kind,
        phone as cell,
        updated_at
    from {{ ref('stg_crm__contacts') }}
    union all
    select
        contact_id,
        'client_id' as kind,
        metrica_client_id as cell,
        updated_at
    from {{ ref('stg_crm__contacts') }}
    union all
    select
        contact_id,
        kind,
        value as cell,
        updated_at
    from {{ ref('stg_crm__contact_identifiers') }}
)

select
    contact_id,
    kind,
    cell,
    updated_at
from cells
where trim(both ' ' from cell) <> ''
