{{ config(post_hook="{{ gather_statistics() }}") }}

{{ order_baskets(ref('metrica_crm', 'int_order_products')) }}
