{{ config(materialized='table', post_hook="{{ gather_statistics() }}") }}

-- `offset 0`, because PostgreSQL would otherwise compute a product's text once for each use.
with products as (
    select
        {{ bytes('order_id') }} as order_id,
        units,
        updated_at,
        name || ':' || {{ as_text('units') }} as product
    from {{ ref('metrica_crm', 'int_order_products') }}
    where order_id is not null
    offset 0
),

baskets as (
    select
        order_id,
        {{ joined('product') }} as products,
        sum(units) as items_count,
        max(updated_at) as updated_at
    from products
    group by order_id
)

select
    {{ own_collation('order_id') }} as order_id,
    products,
    items_count,
    updated_at
from baskets
