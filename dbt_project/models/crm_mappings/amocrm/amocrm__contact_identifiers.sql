{{ config(enabled=var('crm') == 'amocrm' and var('crm_has_contact_identifiers')) }}

{{ mapped_contact_identifiers(
    ref('metrica_crm', 'int_amocrm__people'),
    ref('metrica_crm', 'amocrm__orders'),
    ref('metrica_crm', 'int_amocrm__order_contacts')
) }}
