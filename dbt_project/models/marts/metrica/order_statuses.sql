{{ config(unique_key='id', post_hook="{{ record_mart_build() }}") }}

with statuses as (
    select distinct
        order_status as id,
        status_type as type,
        humanized,
        goal_action_ids,
        cast(null as timestamp with time zone) as updated_at
    from {{ ref('metrica_crm', 'int_order_status_map') }}
)

select
    *,
    {{ row_hash() }} as row_hash
from statuses
