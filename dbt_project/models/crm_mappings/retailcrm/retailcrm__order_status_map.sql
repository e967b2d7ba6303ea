{{ config(enabled=var('crm') == 'retailcrm') }}

{{ mapped_statuses(ref('metrica_crm', 'int_retailcrm__statuses')) }}
