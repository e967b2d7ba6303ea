{{ config(
    enabled=var('crm') == 'amocrm',
    post_hook="{{ warn_of_empty_attributes('contacts') }}",
) }}

with contacts as (
    select * from {{ ref('metrica_crm', 'base_amocrm__contacts') }}
),

fields as (
    select *
    from {{ ref('metrica_crm', 'int_amocrm__fields') }}
    where owner = 'contact'
),

wide as (
    select
        owner_id,
        max(cells) filter (where field_code = 'PHONE') as phone,
        max(cells) filter (where field_code = 'EMAIL') as email,
        {{ amocrm_client_ids() }} as metrica_client_id,
        {{ amocrm_attributes('contacts') }}
        max(first_value) filter (where field_type = 'birthday') as birthday
    from fields
    group by owner_id
)

select
    contacts.contact_id,
    contacts.full_name,
    wide.email,
    wide.phone,
    wide.metrica_client_id,
    -- amoCRM counts a birthday in seconds, too.
    {{ as_text(
        'cast(' ~ local_time(time_of_text('wide.birthday'), "'UTC'") ~ ' as date)'
    ) }} as birth_date,
    {{ as_text('null') }} as merged_into,
    contacts.is_deleted,
    contacts.created_at,
    {{ attribute_columns('contacts', 'wide') }}
    contacts.updated_at
from contacts
left join wide on contacts.contact_id = wide.owner_id
