with cells as (
    select
        contact_id,
        'email' as kind,
        email as cell
    from {{ ref('stg_crm__contacts') }}
    union all
    select
        contact_id,
        'phone' as kind,
        phone as cell
    from {{ ref('stg_crm__contacts') }}
    union all
    select
        contact_id,
        'client_id' as kind,
        metrica_client_id as cell
    from {{ ref('stg_crm__contacts') }}
    union all
    select
        contact_id,
        kind,
        value as cell
    from {{ ref('stg_crm__contact_identifiers') }}
)

select
    contact_id,
    kind,
    cell
from cells
where trim(both ' ' from cell) <> ''
