-- The CRM's product of each name in Metrica, including ordered products that are no longer in the
-- catalogue.
select
    names.name,
    names.product_id,
    products.humanized
from (
    select
        name,
        product_id
    from {{ ref('metrica_crm', 'int_products') }}
    union
    select
        name,
        product_id
    from {{ ref('metrica_crm', 'int_order_products') }}
    where units is not null
) as names
left join {{ ref('metrica_crm', 'int_products') }} as products
    on names.product_id = products.product_id
order by names.name
