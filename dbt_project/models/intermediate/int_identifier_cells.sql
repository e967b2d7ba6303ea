{{ config(materialized='table', post_hook="{{ gather_statistics() }}") }}

with cells as (
    select
        contact_id,
        'email' as kind,
        email as cell,
        updated_at
    from {{ ref('metrica_crm', 'stg_crm__contacts') }}
    union all
    select
        contact_id,
        'phone' as kind,
        phone as cell,
        updated_at
    from {{ ref('metrica_crm', 'stg_crm__contacts') }}
    union all
    select
        contact_id,
        'client_id' as kind,
        metrica_client_id as cell,
        updated_at
    from {{ ref('metrica_crm', 'stg_crm__contacts') }}
    union all
    select
        contact_id,
        kind,
        value as cell,
        updated_at
    from {{ ref('metrica_crm', 'stg_crm__contact_identifiers') }}
)

select
    contact_id,
    kind,
    cell,
    max(updated_at) as updated_at
from cells
where
    kind in ('email', 'phone', 'client_id')
    and trim(both ' ' from cell) <> ''
group by contact_id, kind, cell
