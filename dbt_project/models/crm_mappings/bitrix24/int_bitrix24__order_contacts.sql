{{ config(enabled=var('crm') == 'bitrix24') }}

with links as (
    select * from {{ ref('metrica_crm', 'base_bitrix24__deal_contacts') }}
),

deals as (
    select * from {{ ref('metrica_crm', 'base_bitrix24__deals') }}
),

people as (
    select * from {{ ref('metrica_crm', 'base_bitrix24__contacts') }}
),

-- The deal names its main contact, too, for loaders without the table of links.
candidates as (
    select
        order_id,
        contact_id,
        sort,
        case when is_primary then 1 else 3 end as grade
    from links
    union all
    select
        order_id,
        main_contact_id as contact_id,
        null as sort,
        2 as grade
    from deals
    where main_contact_id is not null
),

contacts as (
    select
        order_id,
        contact_id,
        min(grade) as grade,
        min(sort) as sort
    from candidates
    group by order_id, contact_id
)

select
    contacts.order_id,
    contacts.contact_id,
    coalesce(people.is_deleted, false) as is_deleted,
    row_number() over (
        partition by contacts.order_id
        order by
            coalesce(people.is_deleted, false),
            contacts.grade,
            contacts.sort nulls last,
            length(contacts.contact_id),
            {{ bytes('contacts.contact_id') }}
    ) as place
from contacts
left join people on contacts.contact_id = people.contact_id
