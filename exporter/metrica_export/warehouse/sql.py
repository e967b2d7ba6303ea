"""Values and names as text of SQL and of connection strings."""

import re
from collections.abc import Sequence

MARK = "⟦"
"""The first character of a mark in a query text."""

QUERY_MARK = re.compile(f"{MARK}query ([0-9a-f]+)⟧")
"""The mark of `query_mark`, with the query as hexadecimal digits."""


def query_mark(query: str) -> str:
    """Return the mark of a query that runs in the warehouse itself, whatever is around it."""
    return f"{MARK}query {query.encode().hex()}⟧"


def quote(text: str) -> str:
    """Return an SQL string literal."""
    if MARK in text:
        # In a literal it is data, and no mark for a schema.
        return f"({f' || chr({ord(MARK)}) || '.join(map(quote, text.split(MARK)))})"
    return "'" + text.replace("'", "''") + "'"


def array(hexes: Sequence[str], *, postgres: bool) -> str:
    """Return an SQL array of texts of data, given as hexadecimal digits of their UTF-8.

    The SQL has no character of a text, so no text can break a statement or show in an error.
    """
    # PostgreSQL's convert_from gives a text the collation of the encoding's name, which is "C".
    # In a comparison it would win over that of a mart's key, whose index could not be used.
    collation = ' collate "default"' if postgres else ""
    if len(hexes) <= 1 or any(_BETWEEN in bytes.fromhex(text) for text in hexes):
        texts = ", ".join(_text(each, postgres) for each in hexes)
        return f"cast(array[{texts}] as text[]){collation}"
    joined = _text(_BETWEEN.hex().join(hexes), postgres)
    split = "string_to_array" if postgres else "string_split"
    return f"{split}({joined}, {_text(_BETWEEN.hex(), postgres)}){collation}"


_BETWEEN = b"\x01\x02"
"""The separator of texts. It cannot overlap itself, so no text can shift a border."""


def data(text: str, *, postgres: bool) -> str:
    """Return SQL for one text of data, as hexadecimal digits."""
    return _text(text.encode("utf-8", "replace").hex(), postgres)


def _text(hexes: str, postgres: bool) -> str:  # noqa: FBT001 - private to this module
    if postgres:
        return f"convert_from(decode('{hexes}', 'hex'), 'UTF8')"
    return f"decode(unhex('{hexes}'))"


def literal(value: str | int | None) -> str:
    """Return a value as SQL."""
    return quote(value) if isinstance(value, str) else "null" if value is None else str(value)


def name(identifier: str) -> str:
    """Return a quoted SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def conninfo(value: str) -> str:
    """Return a value of a libpq connection string."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
