{{ config(enabled=var('crm') == 'hubspot') }}

{{ mapped_contacts(
    ref('metrica_crm', 'int_hubspot__people'),
    ref('metrica_crm', 'base_hubspot__companies'),
    ref('metrica_crm', 'hubspot__orders')
) }}
