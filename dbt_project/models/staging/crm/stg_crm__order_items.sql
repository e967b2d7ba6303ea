{{ config(pre_hook="{{ require_times('order_items', ['updated_at']) }}") }}

select
    {{ id_text('order_id') }} as order_id,
    {{ id_text('product_id') }} as product_id,
    {{ number('quantity', 3) }} as quantity,
    {{ instant('updated_at') }} as updated_at
from {{ source('crm', 'order_items') }}
