create or replace table {{ order_groups }} as
with scanned as (select * from {{ scanned }} as scanned)

select
    scanned.day,
    cast(date_trunc('month', scanned.day) as date) as month,
    status_types.type as status_type,
    scanned.status_path,
    scanned.currency,
    scanned.orders,
    scanned.revenue
from scanned
left join {{ status_types }} as status_types
    on split_part(scanned.status_path, ',', -1) = status_types.id
