select
    product_id,
    {{ product_name('product_id') }} as name,
    product_label as humanized,
    updated_at
from {{ ref('metrica_crm', 'stg_crm__products') }}
