{{ config(materialized='table') }}

with contacts as (
    select * from {{ ref('metrica_crm', 'stg_crm__contacts') }}
),

identifiers as (
    select distinct
        contact_id,
        kind,
        reason,
        coalesce(identifier, raw) as identifier
    from {{ ref('metrica_crm', 'int_contact_identifiers') }}
),

totals as (
    select
        kind,
        count(*) as total
    from identifiers
    group by kind
),

unread as (
    select
        kind,
        reason,
        count(*) as left_out
    from identifiers
    where reason is not null
    group by kind, reason
),

per_contact as (
    select
        contact_id,
        kind,
        count(*) as known,
        {{ max_identifiers('kind') }} as allowed
    from identifiers
    where reason is null
    group by contact_id, kind
),

too_many as (
    select
        kind,
        'too_many' as reason,
        sum(known - allowed) as left_out
    from per_contact
    where known > allowed
    group by kind
),

recognised as (
    select distinct contact_id
    from per_contact
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
    kind,
    reason,
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
