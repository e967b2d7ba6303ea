{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='id',
    indexes=[{'columns': ['updated_at']}] if target.type == 'postgres' else [],
    pre_hook=[
        "{{ take_fingerprints({
            'source.metrica_crm.crm.orders': 'order_id',
            'source.metrica_crm.crm.order_items': 'order_id',
            'source.metrica_crm.crm.order_status_history': 'order_id',
            'snapshot.metrica_crm.order_status_changes': 'order_id',
        }) }}",
        "{{ find_stale() }}",
    ],
    post_hook=[
        "{{ delete_gone(ref('stg_crm__orders'), 'order_id', 'id', stale=true) }}",
        "{{ keep_fingerprints() }}",
        "{{ mark_time_zone() }}",
    ],
) }}

-- depends_on: {{ ref('stg_crm__orders') }}

with own as (
    select * from {{ ref('int_orders') }} {{ where_stale('order_id') }}
),

baskets as (
    select * from {{ ref('int_order_baskets') }} {{ where_stale('order_id') }}
),

paths as (
    select * from {{ ref('int_order_status_paths') }} {{ where_stale('order_id') }}
),

-- Materialized, or PostgreSQL would work a column out again wherever the hash names it.
orders as materialized (
    select
        own.order_id as id,
        own.contact_id as client_uniq_id,
        'CONTACT' as client_type,
        {{ counter_time('own.created_at') }} as create_date_time,
        {{ counter_time('own.finished_at') }} as finish_date_time,
        own.order_status,
        cast(own.revenue as numeric(18, 2)) as revenue,
        cast(own.cost as numeric(18, 2)) as cost,
        own.currency,
        cast(null as text) as goals,
        baskets.products,
        case
            when coalesce(baskets.items_count, 0) <= 2147483647
                then cast(coalesce(baskets.items_count, 0) as integer)
        end as items_count,
        paths.status_path,
        greatest(own.updated_at, baskets.updated_at, paths.updated_at) as updated_at
    {{ attributes('orders', 'own') }}
    from own
    left join baskets on own.order_id = baskets.order_id
    left join paths on own.order_id = paths.order_id
),

hashed as (
    select
        *,
        {{ row_hash() }} as row_hash
    from orders
)

{{ rows_that_differ('hashed', 'id', stale=true) }}
