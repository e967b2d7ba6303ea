{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='name',
    indexes=[{'columns': ['updated_at']}] if target.type == 'postgres' else [],
    post_hook="{{ delete_gone(ref('int_products'), 'name', 'name') }}",
) }}

with inputs as (
    select * from {{ ref('int_products') }}
),

products as (
    {{ rows_to_rebuild('inputs', 'name', 'name', ['humanized']) }}
)

select
    name,
    humanized,
    updated_at,
    {{ row_hash() }} as row_hash
from products
