{{ config(
    unique_key='id',
    indexes=mart_indexes('id'),
    pre_hook="{{ declare_attributes() }}",
    post_hook=["{{ record_mart_build() }}", "{{ gather_statistics() }}"],
) }}

{%- set crm_orders = ref('metrica_crm', 'stg_crm__orders') %}
{%- set crm_lines = ref('metrica_crm', 'stg_crm__order_items') %}
{%- set crm_history = ref('metrica_crm', 'stg_crm__order_status_history') %}

-- depends_on: {{ ref('metrica_crm', 'int_crm_statuses') }}
with
{% if is_incremental() %}
{%- set start = incremental_start() %}
changed as (
    select order_id
    from {{ crm_orders }}
    where updated_at >= {{ start }} or updated_at is null
    union
    select order_id
    from {{ crm_lines }}
    where updated_at >= {{ start }}
    union
    select order_id
    from {{ crm_history }}
    where changed_at >= {{ start }}
),

-- Every row of a changed order, however old it is.
crm_rows as (
    select *
    from {{ crm_orders }}
    where order_id in (select order_id from changed)
),

own as (
    {{ orders_with_status('crm_rows') }}
),

order_lines as (
    select *
    from {{ crm_lines }}
    where order_id in (select order_id from changed)
),

history as (
    select *
    from {{ crm_history }}
    where order_id in (select order_id from changed)
),

products as (
    {{ order_products('order_lines') }}
),

baskets as (
    {{ order_baskets('products') }}
),

paths as (
    {{ order_status_paths('crm_rows', 'history') }}
),
{% else %}
own as (
    select * from {{ ref('metrica_crm', 'int_orders') }}
),

baskets as (
    select * from {{ ref('metrica_crm', 'int_order_baskets') }}
),

paths as (
    select * from {{ ref('metrica_crm', 'int_order_status_paths') }}
),
{% endif %}

-- `offset 0`, because PostgreSQL would otherwise compute each column again for the hash.
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
    offset 0
),

hashed as (
    select
        *,
        {{ row_hash() }} as row_hash
    from orders
)

select * from hashed
