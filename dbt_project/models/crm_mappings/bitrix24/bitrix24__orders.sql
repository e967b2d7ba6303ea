{{ config(enabled=var('crm') == 'bitrix24') }}

{{ mapped_orders(
    ref('metrica_crm', 'int_bitrix24__orders'),
    ref('metrica_crm', 'int_bitrix24__order_contacts')
) }}
