{% macro order_products(order_lines) -%}
    {#- A line has no key, and Metrica accepts each product of an order once. -#}
    select
        {{ own_collation('order_id') }} as order_id,
        {{ own_collation('product_id') }} as product_id,
        updated_at,
        quantity,
        {{ product_name('product_id') }} as name,
        case
            when product_id is not null and quantity > 0 and quantity <= 2147483647
                then cast(ceil(quantity) as integer)
        end as units
    from (
        select
            {{ bytes('order_id') }} as order_id,
            {{ bytes('product_id') }} as product_id,
            sum(quantity) as quantity,
            max(updated_at) as updated_at
        from {{ order_lines }}
        group by {{ bytes('order_id') }}, {{ bytes('product_id') }}
    ) as sums
{%- endmacro %}


{% macro order_baskets(products) -%}
    {#- `offset 0`, because PostgreSQL would otherwise compute a product's text once for each use. -#}
    select
        {{ own_collation('order_id') }} as order_id,
        {{ joined('product') }} as products,
        sum(units) as items_count,
        max(updated_at) as updated_at
    from (
        select
            {{ bytes('order_id') }} as order_id,
            units,
            updated_at,
            name || ':' || {{ as_text('units') }} as product
        from {{ products }}
        where order_id is not null
        offset 0
    ) as named
    group by order_id
{%- endmacro %}
