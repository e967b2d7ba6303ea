{{ config(unique_key='id', post_hook="{{ record_mart_build() }}") }}

with statuses as (
    select distinct
        order_status as id,
        status_type as type,
        humanized,
        goal_action_ids,
        {{ as_instant('null') }} as updated_at
    from {{ ref('metrica_crm', 'int_order_status_map') }}
)

select
    *,
    {{ row_hash() }} as row_hash
from statuses
