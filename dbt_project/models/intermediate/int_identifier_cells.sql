{{ config(post_hook="{{ gather_statistics() }}") }}

{{ cells_of_contacts(
    ref('metrica_crm', 'stg_crm__contacts'), ref('metrica_crm', 'stg_crm__contact_identifiers')
) }}
