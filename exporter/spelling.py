"""How values and names are spelled in SQL and in connection strings."""

from collections.abc import Iterable

MARK = "⟦"
"""Begins what stands for a schema in a query text."""


def quote(text: str) -> str:
    """Return an SQL string literal."""
    if MARK in text:
        # Here it is data.
        return f"({f' || chr({ord(MARK)}) || '.join(map(quote, text.split(MARK)))})"
    return "'" + text.replace("'", "''") + "'"


def array(texts: Iterable[str]) -> str:
    """Return an SQL array of texts, also of none."""
    return f"cast(array[{', '.join(map(quote, texts))}] as text[])"


def literal(value: str | int | None) -> str:
    """Return a value as SQL."""
    return quote(value) if isinstance(value, str) else "null" if value is None else str(value)


def name(identifier: str) -> str:
    """Return a quoted SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def conninfo(value: str) -> str:
    """Return a value of a libpq connection string."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
