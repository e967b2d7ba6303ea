with items as (
    select
        order_id,
        product_id,
        max(updated_at) as updated_at,
        sum(quantity) as quantity
    from {{ ref('stg_crm__order_items') }}
    group by order_id, product_id
)

select
    items.order_id,
    items.product_id,
    items.updated_at,
    items.quantity,
    coalesce(products.name, {{ product_name('items.product_id') }}) as name,
    case
        when items.product_id is not null and items.quantity > 0 and items.quantity <= 2147483647
            then cast(ceil(items.quantity) as integer)
    end as units
from items
left join {{ ref('int_products') }} as products on items.product_id = products.product_id
