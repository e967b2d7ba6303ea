{% macro orders_with_status(crm_orders) -%}
    with statuses as (
        select * from {{ ref('metrica_crm', 'int_crm_statuses') }}
    ),

    with_status as (
        select
            orders.*,
            coalesce(statuses.order_status, 'unmapped:' || statuses.status) as order_status,
            case
                when orders.finished_at > current_timestamp then 'in_future'
                when orders.finished_at is null then null
                when statuses.status_type in ('IN_PROGRESS', 'OTHER') then 'order_open'
            end as finish_left_out
        from (select * from {{ crm_orders }}) as orders
        left join statuses on orders.status = statuses.written_status
    )

    select
        order_id,
        contact_id,
        order_status,
        revenue,
        cost,
        goals,
        created_at,
        updated_at,
        finish_left_out,
        case when finish_left_out is null then finished_at end as finished_at,
        {{ attributes('orders', 'with_status') }}
        {{ present_currency("coalesce(currency, '" ~ var("default_currency") ~ "')") }} as currency
    from with_status
{%- endmacro %}
