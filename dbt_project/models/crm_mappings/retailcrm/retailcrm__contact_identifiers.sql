{{ config(enabled=var('crm') == 'retailcrm' and var('crm_has_contact_identifiers')) }}

{{ mapped_contact_identifiers(
    ref('metrica_crm', 'int_retailcrm__people'),
    ref('metrica_crm', 'retailcrm__orders'),
    ref('metrica_crm', 'int_retailcrm__order_contacts')
) }}
