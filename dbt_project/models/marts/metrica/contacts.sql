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
        {% for kind in ['client_id', 'email', 'phone'] %}
        {{ joined('identifier') }} filter (where kind = '{{ kind }}') as {{ kind }}s,
        {{ joined('hash') }} filter (where kind = '{{ kind }}') as {{ kind }}s_md5
        {{- ',' if not loop.last }}
        {% endfor %}
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
        {% for kind in ['emails', 'phones'] %}
        {% set form = identifier_form(kind) %}
        {{ 'lists.' ~ kind if form in ['plain', 'both'] else 'cast(null as text)' }} as {{ kind }},
        {{ 'lists.' ~ kind ~ '_md5' if form in ['md5', 'both'] else 'cast(null as text)' }}
            as {{ kind }}_md5,
        {% endfor %}
        to_build.identifiers_count,
        to_build.updated_at
    from to_build
    left join lists on to_build.contact_id = lists.contact_id
)

select
    *,
    {{ row_hash() }} as row_hash
from contacts
