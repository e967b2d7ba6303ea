{{ config(enabled=var('crm') == 'amocrm') }}

{{ mapped_orders(
    ref('metrica_crm', 'int_amocrm__orders'),
    ref('metrica_crm', 'int_amocrm__order_contacts')
) }}
