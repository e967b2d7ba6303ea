{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='uniq_id',
    indexes=[{'columns': ['updated_at']}] if target.type == 'postgres' else [],
    post_hook=["{{ delete_gone(ref('stg_crm__contacts'), 'contact_id', 'uniq_id') }}", "{{ mark_time_zone() }}"],
) }}

-- depends_on: {{ ref('stg_crm__contacts') }}

with identifiers as (
    select distinct
        contact_id,
        kind,
        identifier
    from {{ ref('int_contact_identifiers') }}
    where identifier is not null
),

lists as (
    select
        contact_id,
        count(*) as identifiers_count,
        {{ joined('identifier', "kind = 'client_id'") }} as client_ids,
        {{ if_sent('emails', 'plain', joined('identifier', "kind = 'email'")) }} as emails,
        {{ if_sent('phones', 'plain', joined('identifier', "kind = 'phone'")) }} as phones,
        {{ if_sent('emails', 'md5', joined('md5(identifier)', "kind = 'email'")) }} as emails_md5,
        {{ if_sent('phones', 'md5', joined('md5(identifier)', "kind = 'phone'")) }} as phones_md5
    from identifiers
    group by contact_id
),

-- Materialized, or PostgreSQL would work a column out again wherever the hash names it.
contacts as materialized (
    select
        contacts.contact_id as uniq_id,
        {{ clean_text('contacts.full_name') }} as name,
        {{ counter_time('contacts.created_at') }} as create_date_time,
        case
            when contacts.birth_date >= cast('1970-01-01' as date) then contacts.birth_date
        end as birth_date,
        lists.client_ids,
        lists.emails,
        lists.phones,
        lists.emails_md5,
        lists.phones_md5,
        cast(coalesce(lists.identifiers_count, 0) as integer) as identifiers_count,
        contacts.updated_at
    from {{ ref('int_contacts') }} as contacts
    left join lists on contacts.contact_id = lists.contact_id
),

hashed as (
    select
        *,
        {{ row_hash() }} as row_hash
    from contacts
)

{{ rows_that_differ('hashed', 'uniq_id') }}
