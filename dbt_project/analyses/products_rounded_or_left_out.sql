-- Products of an order whose quantity is not what Metrica gets. It takes whole units only: a
-- fraction is rounded up; products with any other text in `what` are left out.
with judged as (
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
        end as what
    from {{ ref('metrica_crm', 'int_order_products') }}
)

select
    order_id,
    product_id,
    quantity,
    units,
    what,
    count(*) over (partition by what) as lines_with_this
from judged
where what is not null
order by what, order_id, product_id
