"""The ledger's views for analysts, one `.sql` file for each view."""

from collections.abc import Iterator
from hashlib import sha256

from metrica_export.errors import WarehouseError
from metrica_export.metrica.formats import LINK_DAYS, UPDATE_DAYS
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart, Marts
from metrica_export.warehouse.filters import VIEWS_PATH, as_condition, holds_in_views
from metrica_export.warehouse.marks import HERE, LEDGER
from metrica_export.warehouse.sql import name, quote
from metrica_export.warehouse.sql_files import render

VIEWS = ("mart_rows", "runs", "uploads", "order_steps", "deadlines")

Filters = list[tuple[int, str, str]]
"""Counter, mart and condition of each recorded filter, in their order."""


def are_current(wh: Attached, marts: Marts, filters: Filters) -> bool:
    """Return whether `create_views` has nothing to do."""
    return _are_current(wh, _recorded(wh), _digest(_statements(wh, marts, filters)))


def _are_current(wh: Attached, recorded: str | None, digest: str) -> bool:
    return recorded == digest and all(wh.columns(wh.ledger_schema, view) for view in VIEWS)


def _recorded(wh: Attached) -> str | None:
    """Return the digest of the views that were created last; None if there are none."""
    (digest,) = wh.row(f"select views from {LEDGER}.ledger_version")
    return None if digest is None else str(digest)


def _digest(statements: list[str]) -> str:
    return sha256("".join(statements).encode()).hexdigest()


def create_views(wh: Attached, marts: Marts, filters: Filters) -> None:
    """Create the views over the ledger and the present marts, unless they are up to date.

    dbt replaces a mart's table, and PostgreSQL would then drop every view that depends on it. On
    PostgreSQL the views therefore read the marts through functions, which resolve names when they
    run. On DuckDB every view does that. A view in use cannot be replaced, so an up-to-date view
    is not created again. If the marts are in another database, the views have the rows that the
    ledger knows.
    """
    statements = _statements(wh, marts, filters)
    recorded, digest = _recorded(wh), _digest(statements)
    if _are_current(wh, recorded, digest):
        return
    if wh.ledger_is_postgres:
        # A reader may be using the old views. The run does not wait for it, and the next run
        # tries again: the ledger's tables do not depend on the views.
        statements.insert(0, "set local lock_timeout = '3s'")
    try:
        with wh.transaction():
            wh.command(*statements)
        wh.refresh_catalog()
    except WarehouseError:
        if recorded is None:
            raise
        return
    wh.run(f"update {LEDGER}.ledger_version set views = {quote(digest)}")


def mart_rows(wh: Attached, marts: Marts, counter_id: int) -> str:
    """Return a FROM item of `mart_rows` with all rows of the marts, also of another database."""
    if not wh.has_own_marts:
        return f"{LEDGER}.mart_rows"
    filters = [(counter_id, m.name, m.condition) for m in marts.all if m.condition is not None]
    keys = [_keys(m, filters, HERE) for m in marts.all if wh.columns(m.schema, m.table)]
    parts = {**_parts(filters), "mart_keys": " union all ".join(keys)}
    return f"({render(__package__, 'mart_rows', **parts)})"


def _parts(filters: Filters) -> dict[str, str | int]:
    return {
        "ledger": LEDGER,
        "link_days": LINK_DAYS,
        "update_days": UPDATE_DAYS,
        "has_filters": bool(filters),
        "of_ledger": False,
        "counters": render(__package__, "counters", ledger=LEDGER),
    }


def _statements(wh: Attached, marts: Marts, filters: Filters) -> list[str]:
    if wh.has_own_marts:
        zone = quote(marts.time_zone or "UTC")
        parts = _parts([]) | {
            "of_ledger": True,
            "mart_keys": render(__package__, "known_rows", ledger=LEDGER),
            "mart_orders": render(__package__, "known_orders", ledger=LEDGER, zone=zone),
        }
        return [*_views(parts)]
    built = [mart for mart in marts.all if wh.columns(mart.schema, mart.table)]
    filters = [*_usable(wh, built, filters)]
    orders = [mart for mart in built if mart.entity.has_deadline]
    statements: list[str] = []
    parts = _parts(filters)
    for function, columns, queries in (
        ("mart_keys", _KEY_COLUMNS, [_keys(mart, filters) for mart in built]),
        ("mart_orders", _ORDER_COLUMNS, [_orders(mart, filters) for mart in orders]),
    ):
        query = " union all ".join(queries) or _no_rows(columns)
        if wh.is_postgres:
            statements.append(_function(function, columns, query))
            query = f"select * from {LEDGER}.{function}()"
        parts[function] = query
    return [*statements, *_views(parts)]


def _views(parts: dict[str, str | int]) -> Iterator[str]:
    for view in VIEWS:
        yield f"create or replace view {LEDGER}.{view} as {render(__package__, view, **parts)}"


def _usable(wh: Attached, built: list[Mart], filters: Filters) -> Iterator[tuple[int, str, str]]:
    """Yield the filters, `false` for one whose column or table is gone.

    It may be of a counter that has no runs any more. The views of the others must still work.
    """
    by_name = {mart.name: mart for mart in built}
    for counter_id, entity, condition in filters:
        mart = by_name.get(entity)
        if mart is not None:
            holds = holds_in_views(wh, mart, condition)
            yield counter_id, entity, condition if holds else "false"


_KEY_COLUMNS = {
    "entity": "text",
    "id": "text",
    "row_hash": "text",
    "updated_at": "timestamptz",
    "not_for": "bigint[]",
}
_ORDER_COLUMNS = {
    "entity": "text",
    "id": "text",
    "create_date_time": "timestamp",
    "time_zone": "text",
    "not_for": "bigint[]",
}


def _not_for(mart: Mart, filters: Filters) -> str:
    """Return SQL for the counters whose filter does not select a row."""
    left_out = [
        f"case when {as_condition(condition)} then null else {counter_id} end"
        for counter_id, entity, condition in filters
        if entity == mart.name
    ]
    found = f"array[{', '.join(left_out)}]" if left_out else "null"
    return f"cast({found} as bigint[]) as not_for"


def _keys(mart: Mart, filters: Filters, prefix: str = "") -> str:
    return (
        f"select {quote(mart.name)} as entity, cast({name(mart.entity.key)} as text) as id, "
        f"row_hash, updated_at, {_not_for(mart, filters)} "
        f"from {prefix}{name(mart.schema)}.{name(mart.table)}"
    )


def _orders(mart: Mart, filters: Filters) -> str:
    # No run sends dates out of this range, and their deadlines could overflow.
    created = (
        "case when create_date_time between timestamp '1970-01-01' and timestamp '9999-12-31' "
        "then create_date_time end"
    )
    return (
        f"select {quote(mart.name)} as entity, cast({name(mart.entity.key)} as text) as id, "
        f"{created if mart.has('create_date_time') else 'cast(null as timestamp)'} "
        f"as create_date_time, {quote(mart.time_zone or 'UTC')} as time_zone, "
        f"{_not_for(mart, filters)} from {name(mart.schema)}.{name(mart.table)}"
    )


def _no_rows(columns: dict[str, str]) -> str:
    nulls = ", ".join(f"cast(null as {kind}) as {column}" for column, kind in columns.items())
    return f"select {nulls} where false"


def _function(function: str, columns: dict[str, str], query: str) -> str:
    typed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    return (
        f"create or replace function {LEDGER}.{function}() returns table ({typed}) "
        # With the owner's rights, like a view: readers need no rights on the marts.
        f"language sql stable security definer set search_path = {VIEWS_PATH} "
        f"as {quote(query)}"
    )
