with judged as (
    select
        undelivered.reason,
        undelivered.mart,
        undelivered.column_name,
        undelivered.state,
        undelivered.id,
        undelivered.since_run,
        timezone({{ zone }}, runs.started_at) as since
    from {{ undelivered }} as undelivered
    left join {{ ledger }}.ledger_runs as runs on undelivered.since_run = runs.run_no
    where undelivered.state <> 'pending'
)

select
    reason,
    mart,
    column_name,
    state,
    count(*) as row_count,
    count(*) / sum(count(*)) over () as share,
    count(*) filter (where since >= {{ new_since }}) as new_rows,
    count(*) filter (where since >= {{ earlier_since }} and since < {{ new_since }})
        as earlier_rows,
    coalesce(
        arg_max(id, { 'run': since_run, 'id': id }, {{ ids }}) filter (where id is not null), []
    ) as ids,
    cast(sum(count(*)) over () as bigint) as all_rows
from judged
group by reason, mart, column_name, state
order by row_count desc, mart asc, reason asc, column_name asc
limit {{ top }}
