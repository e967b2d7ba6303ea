"""A cell of a mart in Metrica's format, as SQL over `staged_<mart>` as `s`."""

from metrica_export.metrica.formats import Column, Kind
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.sql import name, quote

_BREAKS = r"[\x00-\x1f\x7f\x{85}\x{2028}\x{2029}]+"
"""Line breaks of any alphabet, and the other control characters."""


def cell(column: Column, value: str | None = None) -> str:
    """Return SQL for a cell's text in Metrica's format, NULL for an empty cell.

    `value` is SQL for the value; None is the column of `staged_<mart>` as `s`.

    Sources: pages "Date and time format", "Order data format" (decimals with a dot). Line breaks
    inside a text become spaces, since Metrica does not document how it reads them.
    """
    value = value or f"s.{name(column.name)}"
    match column.kind:
        case Kind.DATETIME:
            text = f"strftime({value}, '%Y-%m-%d %H:%M:%S')"
        case Kind.DATE:
            text = f"strftime({value}, '%Y-%m-%d')"
        case Kind.TEXT | Kind.HUMANIZED:
            text = f"trim(regexp_replace(cast({value} as text), {quote(_BREAKS)}, ' ', 'g'))"
        case _:
            text = f"cast({value} as text)"
    return f"nullif({text}, '')"


def is_empty(column: Column, value: str | None = None) -> str:
    """Return SQL that is true where `cell` is NULL, and costs less."""
    match column.kind:
        case Kind.TEXT | Kind.HUMANIZED:
            return f"{cell(column, value)} is null"
        case Kind.DATETIME | Kind.DATE | Kind.MONEY:
            return f"{value or f's.{name(column.name)}'} is null"
        case _:
            return f"coalesce(cast(s.{name(column.name)} as text), '') = ''"


def row_size(mart: Mart) -> str:
    """Return SQL for the maximum size of a staged row's cells in a file, in bytes."""
    dates = [c for c in mart.columns if c.kind in _DATE_BYTES]
    texts = ", ".join(f"s.{name(c.name)}" for c in mart.columns if c.kind not in _DATE_BYTES)
    # One text instead of a sum over the columns, which takes longer.
    text = f"concat('', {texts})"
    # A quote inside a cell is written twice.
    quotes = f"if(contains({text}, '\"'), strlen({text}) - strlen(replace({text}, '\"', '')), 0)"
    sizes = [f"if(s.{name(c.name)} is null, 0, {_DATE_BYTES[c.kind]})" for c in dates]
    return " + ".join([f"strlen({text})", quotes, *sizes, str(3 * len(mart.columns))])


_DATE_BYTES = {Kind.DATETIME: 19, Kind.DATE: 10}
