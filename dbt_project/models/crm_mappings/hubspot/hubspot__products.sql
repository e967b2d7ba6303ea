{{ config(enabled=var('crm') == 'hubspot' and var('crm_has_products')) }}

with items as (
    select *
    from {{ ref('metrica_crm', 'base_hubspot__line_items') }}
    where not is_deleted
)

-- The newest line has the product's present name.
select distinct on (product_id)
    product_id,
    name,
    cast(null as timestamp with time zone) as updated_at
from items
where product_id is not null
order by product_id, length(line_item_id) desc, {{ bytes('line_item_id') }} desc
