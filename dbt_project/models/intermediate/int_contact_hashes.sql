{{ config(enabled=var('crm_has_hashed_identifiers')) }}

with hashes as (
    select
        contact_id,
        kind,
        {{ fold_case("trim(both ' ' from value)") }} as hash,
        max(updated_at) as updated_at
    from {{ ref('metrica_crm', 'stg_crm__contact_identifiers') }}
    where
        kind in ('email_md5', 'phone_md5')
        and {{ matches('value', '^ *[0-9a-fA-F]{32} *$') }}
    group by contact_id, kind, {{ fold_case("trim(both ' ' from value)") }}
),

known as (
    select distinct
        contact_id,
        kind || '_md5' as kind,
        md5(identifier) as hash
    from {{ ref('metrica_crm', 'int_contact_identifiers') }}
    where kind in ('email', 'phone') and identifier is not null
),

-- A hash of an identifier that the CRM has in plain adds nothing.
newest_first as (
    select
        hashes.contact_id,
        hashes.kind,
        hashes.hash,
        row_number() over (
            partition by hashes.contact_id, hashes.kind
            order by hashes.updated_at desc nulls last, {{ bytes('hashes.hash') }}
        ) as place
    from hashes
    left join known
        on
            hashes.contact_id = known.contact_id
            and hashes.kind = known.kind
            and hashes.hash = known.hash
    where known.hash is null
)

select
    contact_id,
    {{ joined('hash', "kind = 'email_md5'") }} as emails_md5,
    {{ joined('hash', "kind = 'phone_md5'") }} as phones_md5,
    count(*) as identifiers_count
from newest_first
where place <= {{ max_identifiers('kind') }}
group by contact_id
