{{ config(enabled=var('crm') == 'hubspot') }}

{{ mapped_orders(
    ref('metrica_crm', 'int_hubspot__orders'),
    ref('metrica_crm', 'int_hubspot__order_contacts')
) }}
