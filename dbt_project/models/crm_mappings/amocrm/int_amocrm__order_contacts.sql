{{ config(enabled=var('crm') == 'amocrm') }}

with leads as (
    select * from {{ ref('metrica_crm', 'base_amocrm__leads') }}
),

people as (
    select * from {{ ref('metrica_crm', 'base_amocrm__contacts') }}
),

listed as (
    select
        order_id,
        {{ json_items(json_member('embedded', 'contacts')) }} as items
    from leads
),

items as (
    select
        order_id,
        {{ numbered_list_rows('items', 'item', 'sort') }}
    from listed
),

contacts as (
    select
        order_id,
        {{ json_text('item', 'id') }} as contact_id,
        min(case when {{ json_text('item', 'is_main') }} = 'true' then 0 else sort end) as sort
    from items
    group by order_id, {{ json_text('item', 'id') }}
)

select
    contacts.order_id,
    contacts.contact_id,
    coalesce(people.is_deleted, false) as is_deleted,
    row_number() over (
        partition by contacts.order_id
        order by coalesce(people.is_deleted, false), contacts.sort, {{ bytes('contacts.contact_id') }}
    ) as place
from contacts
left join people on contacts.contact_id = people.contact_id
where contacts.contact_id is not null
