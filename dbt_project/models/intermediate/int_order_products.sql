with items as (
    select
        order_id,
        product_id,
        max(updated_at) as updated_at,
        ceil(sum(quantity)) as units
    from {{ ref('stg_crm__order_items') }}
    group by order_id, product_id
)

select
    items.order_id,
    items.product_id,
    items.updated_at,
    coalesce(products.name, {{ product_name('items.product_id') }}) as name,
    case
        when items.product_id is not null and items.units > 0 then cast(items.units as integer)
    end as units
from items
left join {{ ref('int_products') }} as products on items.product_id = products.product_id
