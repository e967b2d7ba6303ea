{% snapshot order_status_changes %}
{{ config(
    strategy='check',
    unique_key='order_id',
    check_cols=['status'],
    updated_at="(" ~ local_time('current_timestamp', "'UTC'") ~ ")",
) }}

select
    order_id,
    status
from {{ ref('metrica_crm', 'stg_crm__orders') }}
{% endsnapshot %}
