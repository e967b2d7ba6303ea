"""Texts of DuckDB's and PostgreSQL's errors, without data of any row."""

import re

import duckdb

from metrica_export.errors import ExportError, SettingsError, WarehouseError
from metrica_export.settings import Staging

_DENIED = re.compile(r"ERROR:\s+(permission denied for [^\n]*)")
"""PostgreSQL names the denied object, and never a value."""

_HARMLESS = re.compile(
    r"(cannot execute \w+ in a read-only transaction|canceling statement due to [\w ]+"
    r"|too many connections[^\n]*|duplicate key value violates unique constraint \S+)"
)
"""Other texts of PostgreSQL without a value."""


_UNKNOWN_NAME = re.compile(
    r"(?:relation|column|schema|function|type|role|database|operator|table|sequence) "
    r"[\w.\"]+ does not exist"
)
"""PostgreSQL's text for an unknown name."""


def explain(error: Exception) -> str:
    """Return the first line of an error, or its kind alone where the text may hold data.

    Quotations are cut off, since both engines quote values and whole queries.
    """
    text = str(error)
    if denied := _DENIED.search(text):
        return f"{denied[1]}. Grant it to the user of profiles.yml."
    if harmless := _HARMLESS.search(text):
        return f"{harmless[1]}."
    if "Invalid unicode" in text:
        return (
            "a text in it is not UTF-8 (a PostgreSQL database in SQL_ASCII checks none). "
            "Correct the text in the CRM tables."
        )
    prefix, failed, cause = text.partition("ERROR:")
    if failed:
        cause = cause.strip().splitlines()[0] if cause.strip() else ""
        unknown = _UNKNOWN_NAME.match(cause)
        cause = unknown[0] if unknown else cause.partition('"')[0]
        prefix = prefix.strip().partition('"')[0].splitlines()[0] if prefix.strip() else ""
        return _sentence(f"{prefix.rstrip(' :')}: {cause}")
    if isinstance(error, _SHOWN):
        line = text.strip().splitlines()[0]
        if isinstance(error, duckdb.ParserException):
            line = line.partition('"')[0]
        if not isinstance(error, duckdb.IOException):
            # Double quotes have names, single quotes have texts.
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
"""Errors whose texts name tables, columns and files."""


def _sentence(line: str) -> str:
    line = line.rstrip(" :")
    return line if line.endswith((".", "!")) else line + "."


def no_room(why: str) -> SettingsError:
    """Return the error for a full or read-only staging folder."""
    return SettingsError(
        f"The folder for staging cannot be written: {why} "
        "Set --staging-dir to a folder with more room."
    )


def as_export_error(error: duckdb.Error, staging: Staging) -> ExportError:
    """Return the error for a failure of DuckDB, without data of any row."""
    text = str(error)
    is_full = "max_temp_directory_size" in text
    if isinstance(error, duckdb.OutOfMemoryException) and not is_full:
        return SettingsError(
            f"The marts need more than the {staging.memory_mb} MB of memory that DuckDB "
            "may use. Raise --memory-mb and rerun. Delivered rows are in the ledger."
        )
    if is_full or str(staging.folder) in text:
        return no_room(explain(error))
    advice = ""
    if isinstance(error, duckdb.IOException):
        advice = " Check the warehouse and rerun. Delivered rows are in the ledger."
    return WarehouseError(f"The warehouse refused a query: {explain(error)}{advice}")
