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


_NAMED = re.compile(
    r"(?:relation|column|schema|function|type|role|database|operator|table|sequence) "
    r"[\w.\"]+ does not exist"
)
"""What PostgreSQL says of names."""


def explain(error: Exception) -> str:
    """Return the first line of an error, or its kind alone where the text may hold data.

    Quotations are cut off: both engines quote values, and whole queries.
    """
    text = str(error)
    if denied := _DENIED.search(text):
        return f"{denied[1]}; grant it to the user of profiles.yml."
    if harmless := _HARMLESS.search(text):
        return f"{harmless[1]}."
    if "Invalid unicode" in text:
        return (
            "a text in it is not UTF-8 (a PostgreSQL database in SQL_ASCII checks none); "
            "correct the text in the CRM tables."
        )
    said, failed, why = text.partition("ERROR:")
    if failed:
        why = why.strip().splitlines()[0] if why.strip() else ""
        named = _NAMED.match(why)
        said = said.strip().partition('"')[0].splitlines()[0] if said.strip() else ""
        return _sentence(f"{said.rstrip(' :')}: {named[0] if named else why.partition(chr(34))[0]}")
    if isinstance(error, _SHOWN):
        line = text.strip().splitlines()[0]
        if isinstance(error, duckdb.ParserException):
            line = line.partition('"')[0]
        if not isinstance(error, duckdb.IOException):
            # Names stand in double quotes, texts in single ones.
            line = line.partition("'")[0]
        return _sentence(line)
    return f"{type(error).__name__} (its text may hold data and is not shown)."


_SHOWN = (
    duckdb.CatalogException,
    duckdb.BinderException,
    duckdb.IOException,
    duckdb.ParserException,
    duckdb.TransactionException,
    duckdb.PermissionException,
    duckdb.OutOfMemoryException,
)
"""Errors that name tables, columns and files."""


def _sentence(line: str) -> str:
    line = line.rstrip(" :")
    return line if line.endswith((".", "!")) else line + "."
