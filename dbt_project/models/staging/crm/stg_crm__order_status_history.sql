{% if var('crm_has_order_status_history') and var('snapshot_order_statuses') %}
{{ exceptions.raise_compiler_error(
    "The vars crm_has_order_status_history and snapshot_order_statuses are both on, but an"
    ~ " order has one history: read the CRM's own, or let the snapshot keep one. Turn one off"
    ~ " in dbt_project.yml or by --vars."
) }}
{% elif var('crm_has_order_status_history') %}
{{ config(pre_hook="{{ require_times('order_status_history', ['changed_at']) }}") }}
{%- set types = crm_types('order_status_history') %}
select distinct
    {{ id_text('order_id', types) }} as order_id,
    {{ as_text('status') }} as status,
    {{ instant('changed_at', types) }} as changed_at
from {{ crm_table('order_status_history') }}
{% elif var('snapshot_order_statuses') %}
select
    order_id,
    status,
    {{ instant_of('dbt_valid_from', "'UTC'") }} as changed_at
from {{ ref('metrica_crm', 'order_status_changes') }}
{% else %}
select
    {{ as_text('null') }} as order_id,
    {{ as_text('null') }} as status,
    {{ as_instant('null') }} as changed_at
where false
{% endif %}
