create or replace table {{ steps }} as
with paths as (
    select
        staged.rowid as _row,
        staged.order_status,
        string_split(staged.{{ status_path }}, ',') as statuses,
        state._delivered is true as _delivered,
        state._status,
        state._step,
        coalesce(state._unknown_step, 1) - 1 as before_unknown
    from {{ staged }} as staged
    left join {{ delivered_state }} as state on staged.rowid = state._row
    where staged.{{ status_path }} is not null
),

delivered as (
    select
        _row,
        order_status,
        statuses,
        before_unknown,
        case
            when not _delivered then 0
            when statuses[_step] = _status then _step
            else len(statuses) + 1 - list_position(list_reverse(statuses), _status)
        end as delivered_step
    from paths
),

known as (
    select
        _row,
        order_status,
        statuses,
        -- A delivered status that the path lacks gives NULL, which `greatest` would pass over.
        if(delivered_step is null, null, greatest(delivered_step, before_unknown)) as known_steps
    from delivered
)

select
    _row,
    cast(
        if(known_steps < len(statuses), known_steps, len(statuses) - 1) as integer
    ) as _before,
    if(known_steps < len(statuses), statuses[known_steps + 1:], [order_status]) as _pending
from known
