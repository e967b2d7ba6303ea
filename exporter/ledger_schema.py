"""The ledger's tables, and its views for queries by hand: `mart_rows`, `runs`, `uploads`."""

from importlib.resources import files

from exporter.ledger import VERSION, Ledger
from exporter.manifest import LEDGER_SCHEMA as SCHEMA
from exporter.manifest import Marts
from exporter.warehouse import Attached, name, quote


def open_ledger(wh: Attached, counter_id: int, marts: Marts) -> Ledger:
    """Return the counter's ledger, with its tables and views made where they are missing.

    Only a run that holds the lock may call it. Raises LedgerError for a later version's.
    """
    Ledger(wh, counter_id)
    _create_tables(wh)
    _create_views(wh, marts)
    return Ledger(wh, counter_id)


def _create_tables(wh: Attached) -> None:
    wh.command(f"create schema if not exists {SCHEMA}")
    script = files("exporter").joinpath("ledger.sql").read_text("utf-8")
    code = "\n".join(line for line in script.splitlines() if not line.startswith("--"))
    for statement in filter(None, map(str.strip, code.split(";"))):
        wh.command(statement)
    wh.command(
        f"insert into {SCHEMA}.ledger_version select {VERSION} "
        f"where not exists (select 1 from {SCHEMA}.ledger_version)"
    )


def _create_views(wh: Attached, marts: Marts) -> None:
    """Make the views anew, for the marts of today.

    dbt's full refresh swaps a mart's table, and on PostgreSQL that would drop every view
    that depends on it. There the marts are read through a function, whose body is looked
    up when it runs. On DuckDB every view works like that.
    """
    keys = " union all ".join(
        f"select {quote(mart.name)} as entity, cast({name(mart.entity.key)} as text) as id, "
        f"row_hash, updated_at from {name(mart.schema)}.{name(mart.table)}"
        for mart in marts.all
    )
    if wh.is_postgres:
        wh.command(
            f"create or replace function {SCHEMA}.mart_keys() returns table "
            f"(entity text, id text, row_hash text, updated_at timestamptz) "
            f"language sql stable as {quote(keys)}"
        )
        keys = f"select * from {SCHEMA}.mart_keys()"
    for view, query in (("mart_rows", _MART_ROWS), ("runs", _RUNS), ("uploads", _UPLOADS)):
        wh.command(
            f"create or replace view {SCHEMA}.{view} as {query.replace('{mart_keys}', keys)}"
        )


# One line for each row of a mart and each counter that had a run.
_MART_ROWS = f"""
with marts as ({{mart_keys}}),
counters as (
    select distinct r.counter_id
    from {SCHEMA}.ledger_runs as r
    inner join {SCHEMA}.ledger_run_entities as e on r.run_no = e.run_no
),
passed as (
    select
        u.counter_id, d.entity, d.id, d.row_hash, u.upload_no, u.uploading_id, u.finished_at,
        row_number() over (
            partition by u.counter_id, d.entity, d.id order by u.upload_no desc
        ) as nth
    from {SCHEMA}.ledger_deliveries as d
    inner join {SCHEMA}.ledger_uploads as u on d.upload_no = u.upload_no
    where u.status = 'PASSED'
),
verdicts as (
    select distinct
        counter_id, entity, coalesce(id, '') as id, coalesce(row_hash, '') as row_hash,
        state, column_name, reason
    from {SCHEMA}.ledger_verdicts
)
select
    c.counter_id,
    m.entity,
    m.id,
    case when p.row_hash = m.row_hash then 'sent' else coalesce(v.state, 'pending') end as state,
    v.column_name,
    v.reason,
    m.updated_at,
    p.upload_no,
    p.uploading_id,
    p.finished_at as sent_at
from marts as m
cross join counters as c
left join passed as p
    on c.counter_id = p.counter_id and m.entity = p.entity and m.id = p.id and p.nth = 1
left join verdicts as v
    on c.counter_id = v.counter_id and m.entity = v.entity
    and coalesce(m.id, '') = v.id and coalesce(m.row_hash, '') = v.row_hash
"""

_RUNS = f"""
select
    r.run_no, r.counter_id, r.started_at, r.finished_at, r.exit_code, r.message,
    e.entity, e.mart_rows, e.sent, e.unchanged, e.rejected, e.held, e.uploads
from {SCHEMA}.ledger_runs as r
left join {SCHEMA}.ledger_run_entities as e on r.run_no = e.run_no
"""

_UPLOADS = f"""
select
    upload_no, run_no, counter_id, entity, row_count, byte_count, sha256,
    started_at, finished_at, status, uploading_id
from {SCHEMA}.ledger_uploads
"""
