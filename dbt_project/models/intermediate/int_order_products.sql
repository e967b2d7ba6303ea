{{ order_products(ref('metrica_crm', 'stg_crm__order_items')) }}
