"""How values and names are spelled in SQL and in connection strings."""

_MARK = "⟦"


def quote(text: str) -> str:
    """Return an SQL string literal."""
    if _MARK in text:
        # It begins what stands for a schema in a query text, and here it is data.
        return f"({f' || chr({ord(_MARK)}) || '.join(map(quote, text.split(_MARK)))})"
    return "'" + text.replace("'", "''") + "'"


def literal(value: str | int | None) -> str:
    """Return a value as SQL."""
    return quote(value) if isinstance(value, str) else "null" if value is None else str(value)


def name(identifier: str) -> str:
    """Return a quoted SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def conninfo(value: str) -> str:
    """Return a value of a libpq connection string."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
