{{ config(pre_hook="{{ require_times('orders', ['created_at', 'finished_at', 'updated_at']) }}") }}
{%- set types = crm_types('orders') %}

select
    {{ id_text('order_id', types) }} as order_id,
    {{ id_text('contact_id', types) }} as contact_id,
    {{ as_text('status') }} as status,
    {{ money('revenue', types) }} as revenue,
    {{ money('cost', types) }} as cost,
    {{ currency_code(as_text('currency')) }} as currency,
    {{ clean_text(as_text('goals')) if 'goals' in types else as_text('null') }} as goals,
    {{ instant('created_at', types) }} as created_at,
    {{ instant('finished_at', types) }} as finished_at,
    {{ attributes('orders', types=types) }}
    {{ instant('updated_at', types) }} as updated_at
from {{ crm_table('orders') }}
