{{ config(
    incremental_strategy='append',
    pre_hook="{{ delete_changed_contacts() }}",
    post_hook="{{ gather_statistics() }}",
) }}

{%- set crm_contacts = ref('metrica_crm', 'stg_crm__contacts') %}
{%- set crm_identifiers = ref('metrica_crm', 'stg_crm__contact_identifiers') %}

{% if is_incremental() %}
with changed as (
    {{ changed_contacts(identifiers_start()) }}
),

changed_contacts as (
    select *
    from {{ crm_contacts }}
    where contact_id in (select contact_id from changed)
),

changed_identifiers as (
    select *
    from {{ crm_identifiers }}
    where contact_id in (select contact_id from changed)
),

changed_cells as (
    {{ cells_of_contacts('changed_contacts', 'changed_identifiers') }}
)

select * from changed_cells
{% else %}
{{ cells_of_contacts(crm_contacts, crm_identifiers) }}
{% endif %}
