{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='uniq_id',
    indexes=[{'columns': ['updated_at']}] if target.type == 'postgres' else [],
    pre_hook=[
        "{{ take_fingerprints({
            'source.metrica_crm.crm.contacts': 'contact_id',
            'source.metrica_crm.crm.contact_identifiers': 'contact_id',
            'model.metrica_crm.int_client_id_spellings': none,
            'model.metrica_crm.int_email_spellings': none,
            'model.metrica_crm.int_phone_spellings': none,
        }) }}",
        "{{ find_stale() }}",
    ],
    post_hook=[
        "{{ delete_gone(ref('stg_crm__contacts'), 'contact_id', 'uniq_id', stale=true) }}",
        "{{ keep_fingerprints(unread=ref('int_unread_cells')) }}",
        "{{ mark_time_zone() }}",
    ],
) }}

-- depends_on: {{ ref('int_unread_cells') }}

with own as (
    select * from {{ ref('stg_crm__contacts') }} {{ where_stale('contact_id') }}
),

changes as (
    select * from {{ ref('int_contact_changes') }} {{ where_stale('contact_id') }}
),

known as (
    select * from {{ ref('int_contact_identifiers') }} {{ where_stale('contact_id') }}
),

identifiers as (
    select distinct
        contact_id,
        kind,
        identifier
    from known
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
        own.contact_id as uniq_id,
        {{ clean_text('own.full_name') }} as name,
        {{ counter_time('own.created_at') }} as create_date_time,
        case
            when own.birth_date >= cast('1970-01-01' as date) then own.birth_date
        end as birth_date,
        lists.client_ids,
        lists.emails,
        lists.phones,
        lists.emails_md5,
        lists.phones_md5,
        cast(coalesce(lists.identifiers_count, 0) as integer) as identifiers_count,
        greatest(own.updated_at, changes.updated_at) as updated_at
    {{ attributes('contacts', 'own') }}
    from own
    left join changes on own.contact_id = changes.contact_id
    left join lists on own.contact_id = lists.contact_id
),

hashed as (
    select
        *,
        {{ row_hash() }} as row_hash
    from contacts
)

{{ rows_that_differ('hashed', 'uniq_id', stale=true) }}
