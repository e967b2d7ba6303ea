-- Products number `first` to `last`, created evenly between `since` and `until`.

insert into crm.products
select
    product_code(n) as product_id,
    pick(getvariable('goods'), n, 'goods') || ' ' || pick(getvariable('trims'), n, 'trim') || ' №' || n as name,
    moment(n, 'product') as updated_at
from range(getvariable('first'), getvariable('last') + 1) as numbers (n)
order by n;
