{{ config(pre_hook="{{ require_times('orders', ['created_at', 'finished_at', 'updated_at']) }}") }}

select
    {{ id_text('order_id') }} as order_id,
    {{ id_text('contact_id') }} as contact_id,
    {{ clean_text('cast(status as text)') }} as status,
    {{ money('revenue') }} as revenue,
    {{ money('cost') }} as cost,
    {{ clean_text(upper_latin('cast(currency as text)')) }} as currency,
    {{ instant('created_at') }} as created_at,
    {{ instant('finished_at') }} as finished_at,
    {{ attributes('orders') }}
    {{ instant('updated_at') }} as updated_at
from {{ source('metrica_crm', 'orders') }}
