{{ config(enabled=var('crm') == 'retailcrm') }}

{{ mapped_contacts(
    ref('metrica_crm', 'int_retailcrm__people'),
    ref('metrica_crm', 'base_retailcrm__companies'),
    ref('metrica_crm', 'retailcrm__orders')
) }}
