{% macro order_status_paths(crm_orders, crm_history) -%}
    {#- A history table may have changes that are newer than the order's row, if it was loaded later.
        A snapshot has none, because it is taken from the orders. -#}
    with statuses as (
        select *
        from {{ ref('metrica_crm', 'int_crm_statuses') }}
        where order_status is not null
    ),

    orders as (
        select
            crm_orders.order_id,
            crm_orders.updated_at,
            statuses.order_status
        from (select * from {{ crm_orders }}) as crm_orders
        inner join statuses on crm_orders.status = statuses.written_status
    ),

    changes as (
        select
            crm_history.order_id,
            crm_history.changed_at,
            statuses.order_status,
            orders.order_status as own_status,
            orders.updated_at,
            case statuses.status_type
                when 'IN_PROGRESS' then 1
                when 'OTHER' then 2
                when 'PAID' then 3
                when 'CANCELLED' then 4
                else 5
            end as stage,
            max(crm_history.changed_at) over (partition by crm_history.order_id) as last_changed_at
        from (select * from {{ crm_history }}) as crm_history
        inner join statuses on crm_history.status = statuses.written_status
        inner join orders on crm_history.order_id = orders.order_id
        where crm_history.changed_at is not null
    ),

    placed as (
        select
            *,
            row_number() over (
                partition by order_id
                order by
                    changed_at,
                    case
                        when changed_at = last_changed_at and order_status = own_status then 1
                        else 0
                    end,
                    stage,
                    {{ bytes('order_status') }}
            ) as place
        from changes
    ),

    with_own_place as (
        select
            *,
            max(case when order_status = own_status then place end)
                over (partition by order_id) as own_place
        from placed
    ),

    known as (
        select
            *,
            lead(order_status) over (partition by order_id order by place) as next_status
        from with_own_place
        {% if not var('snapshot_order_statuses') %}
        where
            own_place is null
            or place <= own_place
            or updated_at is null
            or changed_at <= updated_at
        {% endif %}
    )

    select
        order_id,
        max(changed_at) as updated_at,
        {{ joined_by('place', 'order_status', 'next_status is distinct from order_status') }} || max(case
            when next_status is not null or order_status = own_status then '' else ',' || own_status
        end) as status_path
    from known
    group by order_id
{%- endmacro %}
