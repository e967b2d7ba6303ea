{{ config(enabled=var('crm') == 'bitrix24' and var('crm_has_contact_identifiers')) }}

{{ mapped_contact_identifiers(
    ref('metrica_crm', 'base_bitrix24__contacts'),
    ref('metrica_crm', 'bitrix24__orders'),
    ref('metrica_crm', 'int_bitrix24__order_contacts')
) }}
