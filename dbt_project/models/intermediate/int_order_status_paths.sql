{{ config(
    post_hook="{{ gather_statistics() }}",
    pre_hook="{{ require_mapped_statuses('changes') }}",
) }}

{{ order_status_paths(
    ref('metrica_crm', 'stg_crm__orders'), ref('metrica_crm', 'stg_crm__order_status_history')
) }}
