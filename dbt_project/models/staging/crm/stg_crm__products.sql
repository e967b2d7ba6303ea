{{ config(pre_hook="{{ require_times('products', ['updated_at']) }}") }}

select
    {{ id_text('product_id') }} as product_id,
    {{ clean_text('cast(name as text)') }} as product_label,
    {{ instant('updated_at') }} as updated_at
from {{ source('crm', 'products') }}
