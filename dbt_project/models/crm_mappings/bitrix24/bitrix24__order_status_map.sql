{{ config(enabled=var('crm') == 'bitrix24') }}

{{ mapped_statuses(ref('metrica_crm', 'int_bitrix24__stages')) }}
