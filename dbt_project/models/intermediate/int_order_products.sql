select
    order_id,
    product_id,
    max(updated_at) as updated_at,
    case
        when product_id is not null and sum(quantity) > 0
            then cast(ceil(sum(quantity)) as integer)
    end as units
from {{ ref('stg_crm__order_items') }}
group by order_id, product_id
