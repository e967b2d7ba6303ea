{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='id',
    indexes=[{'columns': ['updated_at']}] if target.type == 'postgres' else [],
    post_hook=["{{ delete_gone(ref('stg_crm__orders'), 'order_id', 'id') }}", "{{ mark_time_zone() }}"],
) }}

-- depends_on: {{ ref('stg_crm__orders') }}

-- Materialized, or PostgreSQL would work a column out again wherever the hash names it.
with orders as materialized (
    select
        order_id as id,
        contact_id as client_uniq_id,
        'CONTACT' as client_type,
        {{ counter_time('created_at') }} as create_date_time,
        {{ counter_time('finished_at') }} as finish_date_time,
        order_status,
        cast(revenue as numeric(18, 2)) as revenue,
        cast(cost as numeric(18, 2)) as cost,
        currency,
        cast(null as text) as goals,
        products,
        items_count,
        status_path,
        updated_at
    from {{ ref('int_orders') }}
),

hashed as (
    select
        *,
        {{ row_hash() }} as row_hash
    from orders
)

{{ rows_that_differ('hashed', 'id') }}
