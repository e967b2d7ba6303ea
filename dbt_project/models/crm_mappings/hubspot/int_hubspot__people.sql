{{ config(enabled=var('crm') == 'hubspot') }}

with contacts as (
    select * from {{ ref('metrica_crm', 'base_hubspot__contacts') }}
),

merges as (
    select
        contact_id,
        {{ split_rows('merged_ids', ';') }} as merged_id
    from contacts
    where merged_ids is not null and not is_deleted
),

survivors as (
    select
        trim(both ' ' from merged_id) as contact_id,
        min(contact_id) as merged_into
    from merges
    group by trim(both ' ' from merged_id)
),

-- The id of a merged contact may have no row of its own any more.
without_rows as (
    select survivors.*
    from survivors
    left join contacts on survivors.contact_id = contacts.contact_id
    where contacts.contact_id is null and survivors.contact_id <> ''
)

select
    contacts.contact_id,
    contacts.full_name,
    contacts.email,
    contacts.phone,
    contacts.metrica_client_id,
    contacts.birth_date,
    survivors.merged_into,
    contacts.is_deleted or survivors.merged_into is not null as is_deleted,
    contacts.created_at,
    {{ attribute_columns('contacts', 'contacts') }}
    contacts.updated_at
from contacts
left join survivors on contacts.contact_id = survivors.contact_id
union all
select
    contact_id,
    {{ as_text('null') }} as full_name,
    {{ as_text('null') }} as email,
    {{ as_text('null') }} as phone,
    {{ as_text('null') }} as metrica_client_id,
    {{ as_text('null') }} as birth_date,
    merged_into,
    true as is_deleted,
    {{ as_instant('null') }} as created_at,
    {{ attribute_columns('contacts') }}
    {{ as_instant('null') }} as updated_at
from without_rows
