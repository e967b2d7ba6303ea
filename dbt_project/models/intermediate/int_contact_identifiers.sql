{{ config(
    incremental_strategy='append',
    pre_hook="{{ delete_changed_contacts() }}",
    post_hook="{{ gather_statistics() }}",
) }}

-- depends_on: {{ ref('metrica_crm', 'stg_crm__contacts') }}
-- depends_on: {{ ref('metrica_crm', 'stg_crm__contact_identifiers') }}
with
{% if is_incremental() %}
changed as (
    {{ changed_contacts(identifiers_start()) }}
),

{% endif %}
cells as (
    select *
    from {{ ref('metrica_crm', 'int_identifier_cells') }}
    {% if is_incremental() %}
    where contact_id in (select contact_id from changed)
    {% endif %}
),

client_ids as (
    select * from {{ ref('metrica_crm', 'int_client_id_spellings') }}
),

emails as (
    select * from {{ ref('metrica_crm', 'int_email_spellings') }}
),

phones as (
    select * from {{ ref('metrica_crm', 'int_phone_spellings') }}
)

select
    cells.contact_id,
    cells.kind,
    cells.cell,
    client_ids.raw,
    client_ids.client_id as identifier,
    client_ids.reason,
    cells.updated_at
from cells
inner join client_ids on cells.cell = client_ids.cell
where cells.kind = 'client_id'
union all
select
    cells.contact_id,
    cells.kind,
    cells.cell,
    emails.raw,
    emails.email as identifier,
    emails.reason,
    cells.updated_at
from cells
inner join emails on cells.cell = emails.cell
where cells.kind = 'email'
union all
select
    cells.contact_id,
    cells.kind,
    cells.cell,
    phones.raw,
    phones.phone as identifier,
    phones.reason,
    cells.updated_at
from cells
inner join phones on cells.cell = phones.cell
where cells.kind = 'phone'
