{{ config(
    unique_key='uniq_id',
    indexes=mart_indexes('uniq_id'),
    pre_hook="{{ declare_attributes() }}",
    post_hook=["{{ record_mart_build() }}", "{{ gather_statistics() }}"],
) }}

{#- dbt must learn of the inputs of an incremental build when it parses. #}
{%- if is_incremental() or not execute %}
{%- do ref('metrica_crm', 'stg_crm__contact_identifiers') %}
{%- endif %}

with
{% if is_incremental() %}
changed as (
    {{ changed_contacts(incremental_start()) }}
),

{% endif %}
own as (
    select *
    from {{ ref('metrica_crm', 'stg_crm__contacts') }}
    {% if is_incremental() %}
    where contact_id in (select contact_id from changed)
    {% endif %}
),

changes as (
    select * from {{ ref('metrica_crm', 'int_contact_changes') }}
),

known as (
    select *
    from {{ ref('metrica_crm', 'int_contact_identifiers') }}
    {% if is_incremental() %}
    where contact_id in (select contact_id from changed)
    {% endif %}
),

identifiers as (
    select
        {{ bytes('contact_id') }} as contact_id,
        {{ bytes('kind') }} as kind,
        {{ bytes('identifier') }} as identifier,
        max(updated_at) as updated_at
    from known
    where identifier is not null
    group by {{ bytes('contact_id') }}, {{ bytes('kind') }}, {{ bytes('identifier') }}
),

newest_first as (
    select
        contact_id,
        kind,
        identifier,
        row_number() over (
            partition by contact_id, kind
            order by updated_at desc nulls last, {{ bytes('identifier') }}
        ) as place
    from identifiers
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
    from newest_first
    where place <= {{ max_identifiers('kind') }}
    group by contact_id
),

-- `offset 0`, because PostgreSQL would otherwise compute each column again for the hash.
contacts as (
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
        {{ with_hashes('emails_md5') }},
        {{ with_hashes('phones_md5') }},
        {{ with_hashes('identifiers_count') }},
        {{ attributes('contacts', 'own') }}
        greatest(own.updated_at, changes.updated_at) as updated_at
    from own
    left join changes on own.contact_id = changes.contact_id
    left join lists on own.contact_id = {{ own_collation('lists.contact_id') }}
    {% if var('crm_has_hashed_identifiers') %}
    left join (select * from {{ ref('metrica_crm', 'int_contact_hashes') }}) as hashes
        on own.contact_id = hashes.contact_id
    {% endif %}
    offset 0
),

hashed as (
    select
        *,
        {{ row_hash() }} as row_hash
    from contacts
)

select * from hashed
