select
    {{ fold_case(clean_text('crm_status')) }} as status_key,
    id as order_status,
    type as status_type
from {{ ref('order_status_map') }}
