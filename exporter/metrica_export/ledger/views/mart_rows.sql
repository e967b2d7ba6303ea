-- One line for each row of a mart and each counter that had a run in the mart's mode.
-- FAILED and prepared uploads changed nothing in Metrica. An upload with an unknown outcome may
-- have changed rows.
with last_deliveries as (
    select
        u.counter_id,
        u.entity,
        d.id,
        replace(cast(d.row_hash as text), '-', '') as row_hash,
        u.upload_no,
        u.uploading_id,
        u.status,
        u.finished_at,
        row_number() over (
            partition by u.counter_id, u.entity, d.id order by u.upload_no desc
        ) as nth
    from {{ ledger }}.ledger_deliveries as d
    inner join {{ ledger }}.ledger_uploads as u on d.upload_no = u.upload_no
    where u.status not in ('FAILED', 'prepared')
),

marts as (select * from ({{ mart_keys }}) as mart_keys),

counters as (select * from ({{ counters }}) as counters),

verdicts as (
    select distinct
        counter_id,
        entity,
        coalesce(id, '') as id,
        coalesce(row_hash, '') as row_hash,
        state,
        column_name,
        reason,
        detail
    from {{ ledger }}.ledger_verdicts
)

select
    c.counter_id,
    m.entity,
    m.id,
    case
        when v.state is not null then v.state
        when p.status = 'PASSED' and p.row_hash = m.row_hash then 'sent'
        else 'pending'
    end as state,
    v.column_name,
    v.reason,
    m.updated_at,
    p.upload_no,
    p.uploading_id,
    case when p.status = 'PASSED' then p.finished_at end as sent_at,
    v.detail
from marts as m
inner join counters as c
    on
        c.is_simple = (m.entity = 'simple_orders')
        {% if of_ledger %}
        and m.counter_id = c.counter_id
        {% endif %}
        {% if has_filters %}
        and (c.counter_id = any(m.not_for)) is not true
        {% endif %}
left join last_deliveries as p
    on c.counter_id = p.counter_id and m.entity = p.entity and m.id = p.id and p.nth = 1
left join verdicts as v
    on
        c.counter_id = v.counter_id and m.entity = v.entity
        and coalesce(m.id, '') = v.id and coalesce(m.row_hash, '') = v.row_hash
        -- A killed run leaves old verdicts on rows that it delivered. For a duplicated id the
        -- delivered row hash may belong to the other row. After a reset there is none.
        and (
            v.reason = 'id_duplicated'
            or p.status is distinct from 'PASSED'
            or (m.row_hash = p.row_hash) is not true
        )
