-- Orders number `first` to `last` of existing contacts and products, with their lines and their
-- statuses until `until`.

create or replace temp table new_order as
select
    orders.n,
    orders.created_at,
    -- Young contacts have more orders.
    contact_code(latest.n - floor(latest.n * chance(orders.n, 'contact') ** 1.5)::integer) as contact_id,
    case
        when draw(orders.n, 'currency', 1000) < 5 then null
        when draw(orders.n, 'currency', 1000) < 15 then 'rub'
        when draw(orders.n, 'currency', 1000) < 35 then 'USD'
        when draw(orders.n, 'currency', 1000) < 55 then 'EUR'
        when draw(orders.n, 'currency', 1000) < 90 then 'KZT'
        else 'RUB'
    end as currency
from (
    select n, moment(n, 'order') as created_at
    from range(getvariable('first'), getvariable('last') + 1) as numbers (n)
) as orders
asof inner join (
    select created_at, substr(contact_id, 3)::integer as n from crm.contacts
) as latest on orders.created_at >= latest.created_at;

-- One order in a hundred has no lines, the others have one to five lines of different products.
insert into crm.order_items
with lines as (
    select
        n,
        created_at,
        unnest(range(1, [0, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5][
            case when draw(n, 'no-lines', 100) = 0 then 1 else 2 + draw(n, 'lines', 10) end
        ] + 1)) as line
    from new_order
),

catalogue as (
    select count(*) as products from crm.products
)

select
    n as order_id,
    product_code(1 + (
        floor(products * chance(n, 'product') ** 2)::integer + line * (1 + draw(n, 'stride', products // 5))
    ) % products) as product_id,
    pick([1, 1, 1, 1, 1, 1, 2, 2, 3, 10], n, 'quantity-' || line) as quantity,
    case
        when draw(n, 'line-edited-' || line, 100) < 3 then later(created_at, chance(n, 'line-edited-at'))
        else created_at
    end as updated_at
from lines
cross join catalogue
order by n, line;

insert into crm.order_status_history
with lives as (
    select
        n,
        created_at,
        case
            when draw(n, 'life', 1000) < 620 then ['new', 'in_work', 'paid', 'shipped', 'delivered']
            when draw(n, 'life', 1000) < 700 then ['new', 'paid', 'shipped', 'delivered']
            when draw(n, 'life', 1000) < 800 then ['new', 'cancelled']
            when draw(n, 'life', 1000) < 860 then ['new', 'in_work', 'cancelled']
            when draw(n, 'life', 1000) < 890 then
                ['new', 'in_work', 'cancelled', 'in_work', 'paid', 'shipped', 'delivered']
            when draw(n, 'life', 1000) < 930 then ['new', 'spam']
            when draw(n, 'life', 1000) < 970 then ['new', 'in_work', 'paid', 'shipped', 'delivered', 'returned']
            else ['new', 'in_work']
        end as life
    from new_order
),

steps as (
    select
        n,
        created_at,
        unnest(life) as status,
        generate_subscripts(life, 1) as step
    from lives
),

waits as (
    select
        *,
        case status
            when 'new' then 0
            when 'in_work' then 8
            when 'paid' then 36
            when 'shipped' then 36
            when 'delivered' then 96
            when 'cancelled' then 72
            when 'spam' then 6
            else 200
        end as longest_hours
    from steps
),

taken as (
    select
        n,
        step,
        status,
        created_at + to_seconds(sum(
            floor(longest_hours * 3600 * (0.01 + 0.99 * chance(n, 'wait-' || step)))::bigint
        ) over (partition by n order by step)::bigint) as changed_at
    from waits
)

select
    n as order_id,
    status,
    changed_at
from taken
where changed_at <= getvariable('until')
order by n, step;

insert into crm.orders
with money as (
    select
        o.n,
        sum(i.quantity * price(i.product_id))::decimal(18, 2) as roubles
    from new_order as o
    inner join crm.order_items as i on o.n = i.order_id
    group by o.n
),

state as (
    select
        order_id,
        arg_max(status, changed_at) as status,
        max(changed_at) as changed_at
    from crm.order_status_history
    where order_id between getvariable('first') and getvariable('last')
    group by order_id
)

select
    o.n as order_id,
    o.contact_id,
    s.status,
    o.created_at,
    case
        when draw(o.n, 'edited', 100) < 5 then later(s.changed_at, chance(o.n, 'edited-at'))
        else s.changed_at
    end as updated_at,
    case when is_final(s.status) then s.changed_at end as finished_at,
    in_currency(m.roubles, o.currency) as revenue,
    case
        when draw(o.n, 'cost-known', 100) < 85
            then in_currency(m.roubles * (50 + draw(o.n, 'cost', 30)) / 100, o.currency)
    end as cost,
    o.currency
from new_order as o
inner join state as s on o.n = s.order_id
left join money as m on o.n = m.n
order by o.n;
