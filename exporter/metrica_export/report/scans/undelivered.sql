-- The rows of one mart whose last delivery is not their present state, or that have a verdict.
insert into {{ undelivered }}
with passed as (
    select
        _id,
        max(_upload_no) as last_no,
        max(_upload_no) filter (where _passed) as passed_no,
        min(_upload_no) filter (where _created is not null) as first_no
    from {{ report_deliveries }}
    group by _id
),

verdicts as (
    select
        coalesce(_id, '') as _id,
        coalesce(_hash, '') as _hash,
        any_value(_state) as _state,
        any_value(_column) as _column,
        any_value(_reason) as _reason,
        min(_since) as _since
    from {{ report_verdicts }}
    group by coalesce(_id, ''), coalesce(_hash, '')
),

compared as (
    select
        r.*,
        p.passed_no is not null as was_delivered,
        {% if has_deadline %}
        string_split(coalesce(r._path, r._status), ',') as path,
        passed._step as delivered_step,
        passed._status as delivered_status,
        {% endif %}
        {% if has_deadline %}
        coalesce(first._created, r._created) as first_created,
        {% endif %}
        coalesce(last._passed and r._hash = last._hash, false) as is_delivered,
        v._state,
        v._column,
        v._reason,
        v._since
    from {{ report_rows }} as r
    left join passed as p on r._id = p._id
    left join {{ report_deliveries }} as last on p._id = last._id and p.last_no = last._upload_no
    left join {{ report_deliveries }} as passed
        on p._id = passed._id and p.passed_no = passed._upload_no
    left join {{ report_deliveries }} as first
        on p._id = first._id and p.first_no = first._upload_no
    left join verdicts as v
        on coalesce(r._id, '') = v._id and coalesce(r._hash, '') = v._hash
    -- A killed run leaves old verdicts on rows that it delivered.
    where not is_delivered or v._reason = 'id_duplicated'
)

select
    {{ mart }} as mart,
    c._id as id,
    coalesce(c._state, 'pending') as state,
    c._column as column_name,
    c._reason as reason,
    c._since as since_run,
    c.was_delivered,
    {% if has_deadline %}
    c.first_created as created_at,
    c.first_created
    + case
        when c.was_delivered then interval '{{ update_days }} days'
        else interval '{{ link_days }} days'
    end as deadline,
    c._status as order_status,
    status_types.type as status_type,
    -- As a run does: after the delivered status, or only the last one if the path lacks it.
    case
        when not c.was_delivered then c.path
        when c.path[c.delivered_step] = c.delivered_status then c.path[c.delivered_step + 1:]
        when list_contains(c.path, c.delivered_status)
            then c.path[len(c.path) + 2 - list_position(list_reverse(c.path), c.delivered_status):]
        else [c._status]
    end as steps,
    c._currency as currency,
    c._revenue as revenue
    {% else %}
    null, null, null, null, null, null, null
    {% endif %}
from compared as c
{% if has_deadline %}
left join {{ status_types }} as status_types on c._status = status_types.id
{% endif %}
