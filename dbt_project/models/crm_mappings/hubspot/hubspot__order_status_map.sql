{{ config(enabled=var('crm') == 'hubspot') }}

{{ mapped_statuses(ref('metrica_crm', 'int_hubspot__stages')) }}
