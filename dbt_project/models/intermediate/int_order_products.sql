select
    order_id,
    product_id,
    updated_at,
    quantity,
    {{ product_name('product_id') }} as name,
    case
        when product_id is not null and quantity > 0 and quantity <= 2147483647
            then cast(ceil(quantity) as integer)
    end as units
from {{ ref('metrica_crm', 'stg_crm__order_items') }}
