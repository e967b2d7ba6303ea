{{ config(materialized='table') }}

with contacts as (
    select * from {{ ref('metrica_crm', 'stg_crm__contacts') }}
),

identifiers as (
    select distinct
        {{ bytes('contact_id') }} as contact_id,
        {{ bytes('kind') }} as kind,
        {{ bytes('reason') }} as reason,
        {{ bytes('coalesce(identifier, raw)') }} as identifier
    from {{ ref('metrica_crm', 'int_contact_identifiers') }}
),

per_contact as (
    select
        contact_id,
        kind,
        reason,
        count(*) as identifiers,
        {{ max_identifiers('kind') }} as allowed
    from identifiers
    group by contact_id, kind, reason
),

totals as (
    select
        kind,
        sum(identifiers) as total
    from per_contact
    group by kind
),

unread as (
    select
        kind,
        reason,
        sum(identifiers) as left_out
    from per_contact
    where reason is not null
    group by kind, reason
),

too_many as (
    select
        kind,
        'too_many' as reason,
        sum(identifiers - allowed) as left_out
    from per_contact
    where reason is null and identifiers > allowed
    group by kind
),

recognised as (
    select distinct {{ own_collation('contact_id') }} as contact_id
    from per_contact
    where reason is null
),

without_any as (
    select
        'contact' as kind,
        'no_identifier' as reason,
        count(*) filter (where recognised.contact_id is null) as left_out,
        count(*) as total
    from contacts
    left join recognised on contacts.contact_id = recognised.contact_id
),

counted as (
    select
        left_out.kind,
        left_out.reason,
        left_out.left_out,
        totals.total
    from (
        select * from unread
        union all
        select * from too_many
    ) as left_out
    inner join totals on left_out.kind = totals.kind
    union all
    select * from without_any
    where left_out > 0
)

select
    'contacts' as entity,
    {{ own_collation('kind') }} as kind,
    {{ own_collation('reason') }} as reason,
    cast(left_out as bigint) as left_out,
    cast(total as bigint) as total
from counted
union all
select
    entity,
    kind,
    reason,
    left_out,
    total
from {{ ref('metrica_crm', 'int_left_out_orders') }}
