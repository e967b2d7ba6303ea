{{ config(enabled=var('crm') == 'hubspot' and var('crm_has_contact_identifiers')) }}

{{ mapped_contact_identifiers(
    ref('metrica_crm', 'int_hubspot__people'),
    ref('metrica_crm', 'hubspot__orders'),
    ref('metrica_crm', 'int_hubspot__order_contacts')
) }}
