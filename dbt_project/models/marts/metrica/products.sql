{{ config(
    unique_key='name',
    indexes=mart_indexes('name'),
    post_hook="{{ record_mart_build() }}",
) }}

with products as (
    select
        name,
        humanized,
        updated_at
    from {{ ref('metrica_crm', 'int_products') }}
),

hashed as (
    select
        *,
        {{ row_hash() }} as row_hash
    from products
)

select * from hashed
{% if is_incremental() %}
where updated_at >= {{ incremental_start() }} or updated_at is null
{% endif %}
