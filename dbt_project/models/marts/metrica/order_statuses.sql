with statuses as (
    select distinct
        id,
        type,
        humanized,
        goal_action_ids,
        cast(null as timestamp with time zone) as updated_at
    from {{ ref('order_status_map') }}
)

select
    *,
    {{ row_hash() }} as row_hash
from statuses
