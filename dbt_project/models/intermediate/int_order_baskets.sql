select
    order_id,
    {{ joined("name || ':' || cast(units as text)") }} as products,
    sum(units) as items_count,
    max(updated_at) as updated_at
from {{ ref('metrica_crm', 'int_order_products') }}
where order_id is not null
group by order_id
