select
    {{ fold_case(clean_text('cast(crm_status as text)')) }} as status_key,
    cast(id as text) as order_status,
    cast(type as text) as status_type,
    cast(humanized as text) as humanized,
    cast(goal_action_ids as text) as goal_action_ids
from {{ order_status_map() }}
