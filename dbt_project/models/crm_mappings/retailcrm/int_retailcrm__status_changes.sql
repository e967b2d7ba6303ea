{{ config(enabled=var('crm') == 'retailcrm') }}

with history as (
    select *
    from {{ ref('metrica_crm', 'base_retailcrm__orders_history') }}
    where field = 'status'
),

orders as (
    select * from {{ ref('metrica_crm', 'base_retailcrm__orders') }}
),

changes as (
    select
        order_id,
        change_id,
        changed_at,
        {{ retailcrm_code('old_value') }} as old_status,
        {{ retailcrm_code('new_value') }} as new_status
    from history
),

-- The first change names the status in which the order was made.
first_changes as (
    {% call first_rows(
        'changes', ['order_id'],
        ['changed_at nulls last', 'length(change_id)', bytes('change_id')]
    ) -%}
        order_id,
        old_status
    {%- endcall %}
)

select
    order_id,
    new_status as status,
    changed_at
from changes
where new_status is not null
union all
select
    first_changes.order_id,
    first_changes.old_status as status,
    orders.created_at as changed_at
from first_changes
inner join orders on first_changes.order_id = orders.order_id
where first_changes.old_status is not null
