{{ config(enabled=var('crm') == 'hubspot') }}

with links as (
    select * from {{ ref('metrica_crm', 'base_hubspot__deal_contacts') }}
),

people as (
    select * from {{ ref('metrica_crm', 'int_hubspot__people') }}
),

contacts as (
    select
        links.order_id,
        coalesce(people.merged_into, links.contact_id) as contact_id,
        max(links.is_default) as is_default
    from links
    left join people on links.contact_id = people.contact_id
    group by links.order_id, coalesce(people.merged_into, links.contact_id)
)

-- HubSpot marks no main contact: an unlabelled association goes first, then the oldest contact.
select
    contacts.order_id,
    contacts.contact_id,
    coalesce(people.is_deleted, false) as is_deleted,
    row_number() over (
        partition by contacts.order_id
        order by
            coalesce(people.is_deleted, false),
            contacts.is_default desc,
            length(contacts.contact_id),
            {{ bytes('contacts.contact_id') }}
    ) as place
from contacts
left join people on contacts.contact_id = people.contact_id
