{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='uniq_id',
    indexes=[{'columns': ['updated_at']}] if target.type == 'postgres' else [],
    post_hook="{{ delete_gone(ref('int_contacts'), 'contact_id', 'uniq_id') }}",
) }}

with inputs as (
    select * from {{ ref('int_contacts') }}
),

to_build as (
    {{ rows_to_rebuild('inputs', 'contact_id', 'uniq_id', ['identifiers_count']) }}
),

known as (
    select distinct
        identifiers.contact_id,
        identifiers.kind,
        identifiers.identifier,
        md5(identifiers.identifier) as hash
    from {{ ref('int_contact_identifiers') }} as identifiers
    inner join to_build on identifiers.contact_id = to_build.contact_id
    where identifiers.identifier is not null
),

lists as (
    select
        contact_id,
        {{ joined('identifier') }} filter (where kind = 'client_id') as client_ids,
        {{ joined('identifier') }} filter (where kind = 'email') as emails,
        {{ joined('identifier') }} filter (where kind = 'phone') as phones,
        {{ joined('hash') }} filter (where kind = 'email') as emails_md5,
        {{ joined('hash') }} filter (where kind = 'phone') as phones_md5
    from known
    group by contact_id
),

contacts as (
    select
        to_build.contact_id as uniq_id,
        {{ clean_text('to_build.full_name') }} as name,
        {{ counter_time('to_build.created_at') }} as create_date_time,
        to_build.birth_date,
        lists.client_ids,
        {{ if_sent('emails', 'plain', 'lists.emails') }} as emails,
        {{ if_sent('phones', 'plain', 'lists.phones') }} as phones,
        {{ if_sent('emails', 'md5', 'lists.emails_md5') }} as emails_md5,
        {{ if_sent('phones', 'md5', 'lists.phones_md5') }} as phones_md5,
        to_build.identifiers_count,
        to_build.updated_at
    from to_build
    left join lists on to_build.contact_id = lists.contact_id
)

select
    *,
    {{ row_hash() }} as row_hash
from contacts
