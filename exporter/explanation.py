"""What may be told of another program's error: its own words, without anybody's data."""

import re

import duckdb

_DENIED = re.compile(r"ERROR:\s+(permission denied for [^\n]*)")
"""PostgreSQL names what it denies, and never a value."""

_HARMLESS = re.compile(
    r"(cannot execute \w+ in a read-only transaction|canceling statement due to [\w ]+"
    r"|too many connections[^\n]*|duplicate key value violates unique constraint \S+)"
)
"""Other things that PostgreSQL says without a value."""


def explain(error: Exception) -> str:
    """Return the first line of an error, or its kind alone where the text may hold data."""
    if denied := _DENIED.search(str(error)):
        return f"{denied[1]}; grant it to the user of profiles.yml."
    if harmless := _HARMLESS.search(str(error)):
        return f"{harmless[1]}."
    if isinstance(
        error,
        duckdb.CatalogException
        | duckdb.BinderException
        | duckdb.IOException
        | duckdb.ParserException
        | duckdb.TransactionException
        | duckdb.PermissionException
        | duckdb.OutOfMemoryException,
    ):
        line = str(error).strip().splitlines()[0]
        if isinstance(error, duckdb.IOException):
            # What PostgreSQL could not read as a number or a date, it repeats in quotes.
            said, failed, why = line.partition("ERROR:")
            line = said + failed + why.partition('"')[0].rstrip(" :")
        return line if line.endswith((".", "!")) else line + "."
    return f"{type(error).__name__} (its text may hold data and is not shown)."
