select
    order_id,
    {{ joined("name || ':' || cast(units as text)") }} as products,
    sum(units) as items_count,
    max(updated_at) as updated_at
from {{ ref('int_order_products') }}
group by order_id
