{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='name',
    indexes=[{'columns': ['updated_at']}] if target.type == 'postgres' else [],
    post_hook="{{ delete_gone(ref('int_products'), 'name', 'name') }}",
) }}

with products as (
    select
        name,
        humanized,
        updated_at
    from {{ ref('int_products') }}
),

hashed as (
    select
        *,
        {{ row_hash() }} as row_hash
    from products
)

{{ rows_that_differ('hashed', 'name') }}
