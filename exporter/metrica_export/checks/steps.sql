{% macro place(step, status) -%}
    if(
        statuses[{{ step }}] = {{ status }},
        {{ step }},
        len(statuses) + 1 - list_position(list_reverse(statuses), {{ status }})
    )
{%- endmacro -%}
create or replace table {{ steps }} as
with paths as (
    select
        staged.rowid as _row,
        staged.order_status,
        string_split(staged.{{ status_path }}, ',') as statuses,
        state._delivered is true as _delivered,
        state._status,
        state._step,
        state._unknown_steps
    from {{ staged }} as staged
    left join {{ delivered_state }} as state on staged.rowid = state._row
    where staged.{{ status_path }} is not null
),

delivered as (
    select
        _row,
        order_status,
        statuses,
        if(_delivered, {{ place("_step", "_status") }}, 0) as delivered_step,
        -- 0 if the path lacks the status: `list_max` ignores the NULL. A recovery knows no status.
        coalesce(list_max(list_transform(
            _unknown_steps,
            lambda unknown: if(
                unknown.status is null,
                unknown.step,
                {{ place("unknown.step", "unknown.status") }}
            )
        )), 1) - 1 as before_unknown
    from paths
),

covered as (
    select
        _row,
        order_status,
        statuses,
        -- NULL if the path lacks the delivered status; `greatest` would ignore this NULL.
        if(delivered_step is null, null, greatest(delivered_step, before_unknown)) as covered_steps
    from delivered
)

select
    _row,
    cast(
        if(covered_steps < len(statuses), covered_steps, len(statuses) - 1) as integer
    ) as _before,
    if(covered_steps < len(statuses), statuses[covered_steps + 1:], [order_status]) as _pending
from covered
