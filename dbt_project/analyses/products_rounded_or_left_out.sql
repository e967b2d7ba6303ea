-- Products of orders whose quantity changes on the way to Metrica, which accepts whole units only.
-- A fraction is rounded up. Products with any other text in `treatment` are left out.
with treated as (
    select
        order_id,
        product_id,
        quantity,
        units,
        case
            when product_id is null then 'no product'
            when quantity is null then 'no quantity'
            when quantity <= 0 then 'zero or less'
            when units is null then 'too many'
            when units > quantity then 'rounded up'
        end as treatment
    from {{ ref('metrica_crm', 'int_order_products') }}
)

select
    order_id,
    product_id,
    quantity,
    units,
    treatment,
    count(*) over (partition by treatment) as lines_with_treatment
from treated
where treatment is not null
order by treatment, order_id, product_id
