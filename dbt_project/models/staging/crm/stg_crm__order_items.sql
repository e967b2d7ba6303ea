select
    {{ id_text('order_id') }} as order_id,
    {{ id_text('product_id') }} as product_id,
    cast(cast(quantity as text) as numeric(18, 3)) as quantity,
    {{ instant('updated_at') }} as updated_at
from {{ source('crm', 'order_items') }}
