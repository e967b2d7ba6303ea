"""The ledger's views for queries by hand: `mart_rows`, `runs` and `uploads`."""

from hashlib import sha256

from metrica_export.errors import WarehouseError
from metrica_export.ledger.reader import NOT_TAKEN
from metrica_export.warehouse.connection import LEDGER, Attached
from metrica_export.warehouse.dbt_manifest import Marts
from metrica_export.warehouse.sql import name, quote


def create_views(wh: Attached, marts: Marts) -> None:
    """Make the views for the marts of today, unless they are there already.

    dbt's full refresh swaps a mart's table, and on PostgreSQL that would drop every view
    that depends on it. There the marts are read through a function, whose body is looked
    up when it runs. On DuckDB every view works like that. A view that is in use cannot be
    replaced, so it is left alone while it is right.
    """
    statements = _statements(wh, marts)
    digest = sha256("".join(statements).encode()).hexdigest()
    (made,) = wh.row(f"select views from {LEDGER}.ledger_version")
    if made == digest and all(wh.columns(wh.ledger_schema, view) for view in _VIEWS):
        return
    if wh.is_postgres:
        # Somebody may be reading the old ones. A run does not wait for that, the next one
        # tries again; what is recorded does not depend on the views.
        statements.insert(0, "set local lock_timeout = '3s'")
    try:
        with wh.transaction():
            wh.command(*statements)
        wh.look_again()
    except WarehouseError:
        if made is None:
            raise
        return
    wh.run(f"update {LEDGER}.ledger_version set views = {quote(digest)}")


def _statements(wh: Attached, marts: Marts) -> list[str]:
    keys = " union all ".join(
        f"select {quote(mart.name)} as entity, cast({name(mart.entity.key)} as text) as id, "
        f"row_hash, updated_at from {name(mart.schema)}.{name(mart.table)}"
        for mart in marts.all
        if wh.columns(mart.schema, mart.table)
    )
    statements = []
    if wh.is_postgres:
        statements.append(
            f"create or replace function {LEDGER}.mart_keys() returns table "
            f"(entity text, id text, row_hash text, updated_at timestamptz) "
            # With its owner's rights, as a view has them: readers need none on the marts.
            f"language sql stable security definer set search_path = pg_catalog, pg_temp "
            f"as {quote(keys)}"
        )
        keys = f"select * from {LEDGER}.mart_keys()"
    statements.extend(
        f"create or replace view {LEDGER}.{view} as {query.replace('{mart_keys}', keys)}"
        for view, query in _VIEWS.items()
    )
    return statements


# One line for each row of a mart and each counter that had a run in the mart's mode.
_MART_ROWS = f"""
with marts as ({{mart_keys}}),
counters as (
    select r.counter_id, e.entity = 'simple_orders' as is_simple
    from {LEDGER}.ledger_runs as r
    inner join {LEDGER}.ledger_run_entities as e on r.run_no = e.run_no
    union
    select counter_id, entity = 'simple_orders' from {LEDGER}.ledger_uploads
),
-- A FAILED upload has left Metrica as it was, and so has one that is prepared only; one without
-- a known outcome may not have.
last_deliveries as (
    select
        u.counter_id, d.entity, d.id, d.row_hash, u.upload_no, u.uploading_id, u.status,
        u.finished_at,
        row_number() over (
            partition by u.counter_id, d.entity, d.id order by u.upload_no desc
        ) as nth
    from {LEDGER}.ledger_deliveries as d
    inner join {LEDGER}.ledger_uploads as u on d.upload_no = u.upload_no
    where u.status not in ({NOT_TAKEN})
),
verdicts as (
    select distinct
        counter_id, entity, coalesce(id, '') as id, coalesce(row_hash, '') as row_hash,
        state, column_name, reason, detail
    from {LEDGER}.ledger_verdicts
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
inner join counters as c on c.is_simple = (m.entity = 'simple_orders')
left join last_deliveries as p
    on c.counter_id = p.counter_id and m.entity = p.entity and m.id = p.id and p.nth = 1
left join verdicts as v
    on c.counter_id = v.counter_id and m.entity = v.entity
    and coalesce(m.id, '') = v.id and coalesce(m.row_hash, '') = v.row_hash
    -- A run that died has left verdicts on rows that it sent; only of a duplicated id is
    -- a delivered state no answer, since another row has the same one.
    and (
        v.reason = 'id_duplicated'
        or p.status is distinct from 'PASSED'
        or p.row_hash is distinct from m.row_hash
    )
"""

_RUNS = f"""
select
    r.run_no, r.counter_id, r.started_at, r.finished_at, r.exit_code, r.message,
    e.entity, e.mart_rows, e.sent, e.unchanged, e.rejected, e.held, e.uploads,
    r.requests
from {LEDGER}.ledger_runs as r
left join {LEDGER}.ledger_run_entities as e on r.run_no = e.run_no
"""

_UPLOADS = f"""
select
    upload_no, run_no, counter_id, entity, row_count, byte_count, sha256,
    started_at, finished_at, status, uploading_id
from {LEDGER}.ledger_uploads
"""

_VIEWS = {"mart_rows": _MART_ROWS, "runs": _RUNS, "uploads": _UPLOADS}
