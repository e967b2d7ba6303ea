{{ config(enabled=var('crm') == 'bitrix24') }}

{{ mapped_contacts(
    ref('metrica_crm', 'base_bitrix24__contacts'),
    ref('metrica_crm', 'base_bitrix24__companies'),
    ref('metrica_crm', 'bitrix24__orders')
) }}
