{{ config(
    unique_key='id',
    indexes=mart_indexes('id'),
    pre_hook="{{ declare_attributes() }}",
    post_hook=["{{ record_mart_build() }}", "{{ gather_statistics() }}"],
) }}

with own as (
    select * from {{ ref('metrica_crm', 'int_orders') }}
),

baskets as (
    select * from {{ ref('metrica_crm', 'int_order_baskets') }}
),

paths as (
    select * from {{ ref('metrica_crm', 'int_order_status_paths') }}
),

-- `offset 0`, because PostgreSQL would otherwise compute each column again for the hash. Rows that
-- an incremental build leaves out are left out before their columns are computed.
orders as (
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
        own.goals,
        baskets.products,
        case
            when coalesce(baskets.items_count, 0) <= 2147483647
                then cast(coalesce(baskets.items_count, 0) as integer)
        end as items_count,
        paths.status_path,
        {{ attributes('orders', 'own') }}
        greatest(own.updated_at, baskets.updated_at, paths.updated_at) as updated_at
    from own
    left join baskets on own.order_id = baskets.order_id
    left join paths on own.order_id = paths.order_id
    {% if is_incremental() %}
    where
        greatest(own.updated_at, baskets.updated_at, paths.updated_at) >= {{ incremental_start() }}
        or greatest(own.updated_at, baskets.updated_at, paths.updated_at) is null
    {% endif %}
    offset 0
),

hashed as (
    select
        *,
        {{ row_hash() }} as row_hash
    from orders
)

select * from hashed
