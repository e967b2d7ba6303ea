create or replace table {{ order_groups }} as
with scanned as (select * from {{ scanned }} as scanned)

select
    scanned.day,
    cast(date_trunc('month', scanned.day) as date) as month,
    scanned.order_status,
    status_types.type as status_type,
    coalesce(scanned.status_path, scanned.order_status) as status_path,
    scanned.currency,
    scanned.orders,
    scanned.revenue
from scanned
left join {{ status_types }} as status_types on scanned.order_status = status_types.id
