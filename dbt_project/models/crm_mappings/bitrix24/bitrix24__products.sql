{{ config(enabled=var('crm') == 'bitrix24' and var('crm_has_products')) }}

with product_rows as (
    select * from {{ ref('metrica_crm', 'base_bitrix24__product_rows') }}
),

orders as (
    select * from {{ ref('metrica_crm', 'bitrix24__orders') }}
)

-- The newest row has the product's present name.
select distinct on (product_id)
    product_id,
    name,
    cast(null as timestamp with time zone) as updated_at
from product_rows
where
    owner_type = 'D'
    and product_id is not null
    and owner_id in (select orders.order_id from orders)
order by product_id, length(row_id) desc, {{ bytes('row_id') }} desc
