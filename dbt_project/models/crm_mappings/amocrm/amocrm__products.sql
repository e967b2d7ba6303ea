{{ config(
    enabled=var('crm') == 'amocrm' and var('crm_has_products'),
    materialized='view',
) }}

select * from {{ ref('metrica_crm', 'base_amocrm__catalog_elements') }}
