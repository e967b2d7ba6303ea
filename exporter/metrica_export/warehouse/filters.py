"""The rows of a mart that belong to a counter: all of them, or those that its filter selects.

The warehouse itself evaluates a filter, wherever a query over the mart runs, so its SQL is that of
the warehouse. To every command the other rows do not exist: a delivered row that leaves the filter
has vanished, as if it had left the mart.
"""

from metrica_export.errors import SettingsError, WarehouseError
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart, Marts
from metrica_export.warehouse.marks import relation
from metrica_export.warehouse.sql import name, query_mark, quote

VIEWS_PATH = "pg_catalog, pg_temp"
"""PostgreSQL's search path of the ledger's views, which run with their owner's rights."""


def rows_of(mart: Mart) -> str:
    """Return the FROM item of the counter's rows of a mart, in a query text. Give it an alias."""
    table = relation(mart.schema, mart.table)
    if mart.condition is None:
        return table
    return query_mark(f"select * from {table} where {as_condition(mart.condition)}")


def as_condition(text: str) -> str:
    """Return a filter as one condition of a query."""
    # A line of its own ends a comment at the end of the filter.
    return f"({text}\n)"


def check_filter(wh: Attached, mart: Mart) -> None:
    """Raise SettingsError for a filter that the warehouse does not accept."""
    if mart.condition is None:
        return
    try:
        with wh.transaction():
            if wh.is_postgres:
                # The ledger's views evaluate the filter, too, and they search no schema.
                alone = f"select set_config('search_path', {quote(VIEWS_PATH)}, true) as path"
                wh.rows(f"select path from {wh.remote(alone)}")
            wh.rows(f"select 1 from {wh.remote(f'select 1 as n from {rows_of(mart)} m limit 0')}")
    except WarehouseError as error:
        raise SettingsError(
            f"The filter of mart {mart.name} is not a condition over {mart.schema}.{mart.table}: "
            f"{error} Correct `filter` in metrica.yml, or --filter. Name each table and function "
            "with its schema."
        ) from None


def holds_in_views(wh: Attached, mart: Mart, condition: str) -> bool:
    """Return whether the warehouse still accepts a filter that any counter's run recorded.

    Needs a session that can write.
    """
    table = f"{name(mart.schema)}.{name(mart.table)}"
    statements = [f"select 1 from {table} where {as_condition(condition)} limit 0"]
    if wh.is_postgres:
        statements.insert(0, f"set local search_path = {VIEWS_PATH}")
    try:
        with wh.transaction():
            wh.command(*statements)
    except WarehouseError:
        return False
    return True


def count_rows(wh: Attached, mart: Mart) -> tuple[int, int]:
    """Return the counts of the counter's rows, and of all rows of a mart."""
    table = relation(mart.schema, mart.table)
    query = (
        f"select (select count(*) from {rows_of(mart)} m) as own, "
        f'(select count(*) from {table} m) as "all"'
    )
    own, total = wh.row(f'select own, "all" from {wh.remote(query)}')
    return own, total


def expose_marts(wh: Attached, marts: Marts) -> None:
    """Let a filter name other marts by schema and table, as in the warehouse itself.

    A session of DuckDB finds the tables of an attached file by the file's name only.
    """
    if wh.is_postgres or all(mart.condition is None for mart in marts.all):
        return
    for mart in marts.all:
        if wh.columns(mart.schema, mart.table):
            label = f"memory.{name(mart.schema)}"
            wh.run(f"create schema if not exists {label}")
            table = relation(mart.schema, mart.table)
            wh.run(f"create view {label}.{name(mart.table)} as from {table}")
