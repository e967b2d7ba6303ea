"""Marks in query texts. Each stands for a database, a schema or a whole query."""

from collections.abc import Callable

from metrica_export.warehouse.sql import MARK, QUERY_MARK, name

HERE = f"{MARK}wh⟧"
"""The mark before the schema of a table that dbt built; `Attached` replaces it."""

LEDGER = f"{MARK}ledger⟧"
"""The mark for the ledger's schema."""


def relation(schema: str, table: str) -> str:
    """Return the quoted name of a table that dbt built, in a query text."""
    return f"{HERE}{name(schema)}.{name(table)}"


def expand_queries(sql: str, replace: Callable[[str], str]) -> str:
    """Return a query text with each `query_mark` replaced."""
    return QUERY_MARK.sub(lambda mark: replace(bytes.fromhex(mark[1]).decode()), sql)


def reads_marts(sql: str) -> bool:
    """Return whether a query text, or a query in one of its marks, reads a table of dbt's."""
    return HERE in expand_queries(sql, lambda query: HERE if reads_marts(query) else "")
