select
    {{ fold_case(clean_text(as_text('crm_status'))) }} as status_key,
    {{ as_text('id') }} as order_status,
    {{ as_text('type') }} as status_type,
    {{ as_text('humanized') }} as humanized,
    {{ as_text('goal_action_ids') }} as goal_action_ids
from {{ order_status_map() }}
