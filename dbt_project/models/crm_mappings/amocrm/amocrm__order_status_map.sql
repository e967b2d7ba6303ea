{{ config(enabled=var('crm') == 'amocrm') }}

{{ mapped_statuses(ref('metrica_crm', 'int_amocrm__stages')) }}
