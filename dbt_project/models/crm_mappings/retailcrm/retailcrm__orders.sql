{{ config(enabled=var('crm') == 'retailcrm') }}

{{ mapped_orders(
    ref('metrica_crm', 'int_retailcrm__orders'),
    ref('metrica_crm', 'int_retailcrm__order_contacts')
) }}
