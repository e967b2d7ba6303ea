{{ config(pre_hook="{{ require_mapped_statuses('orders') }}") }}

{{ orders_with_status(ref('metrica_crm', 'stg_crm__orders')) }}
