{{ config(enabled=var('crm') == 'amocrm') }}

{{ mapped_contacts(
    ref('metrica_crm', 'int_amocrm__people'),
    ref('metrica_crm', 'int_amocrm__companies'),
    ref('metrica_crm', 'amocrm__orders')
) }}
