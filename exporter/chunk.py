"""Chunks: Metrica's cells, and the sendable rows of a mart cut into files of them."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from exporter.config import Limits
from exporter.manifest import Mart
from exporter.marts import Column, Kind
from exporter.warehouse import Attached, name, quote


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of rows of `sendable_<mart>`, from position `first` to `last`.

    `filled` are the bits of the columns that have a value in each of its rows; only those are
    in its file. None stands for all columns.
    """

    first: int
    last: int
    filled: int | None = None

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.last - self.first + 1

    def halves(self) -> tuple["Chunk", "Chunk"]:
        """Return the chunk in two parts; it must have at least two rows."""
        middle = (self.first + self.last) // 2
        return Chunk(self.first, middle, self.filled), Chunk(middle + 1, self.last, self.filled)


@dataclass(frozen=True, slots=True)
class File:
    """A chunk on disk: UTF-8 without BOM; CSV by RFC 4180 with Metrica's own names, or JSON."""

    path: Path
    size: int
    sha256: str


_BREAKS = r"[\x00-\x1f\x7f\x{85}\x{2028}\x{2029}]+"
"""Line breaks of any alphabet, and the other control characters."""


def cell(column: Column, value: str | None = None) -> str:
    """Return SQL for a cell's text as Metrica reads it, NULL where there is no value.

    The value is the column's of `staged_<mart>` as `s`, unless another is given.

    Formats: date (dates), orders-data (decimals with a dot). Line breaks inside a text
    become spaces, since no page says how Metrica reads them.
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
    """Return SQL that is true where `cell` gives NULL, and costs less."""
    match column.kind:
        case Kind.TEXT | Kind.HUMANIZED:
            return f"{cell(column, value)} is null"
        case Kind.DATETIME | Kind.DATE | Kind.MONEY:
            return f"{value or f's.{name(column.name)}'} is null"
        case _:
            return f"coalesce(cast(s.{name(column.name)} as text), '') = ''"


def row_size(mart: Mart) -> str:
    """Return SQL for the bytes that the cells of a row of `staged_<mart>` take at most."""
    return " + ".join(f"coalesce({_size(column)}, 0) + 3" for column in mart.columns)


def _size(column: Column) -> str:
    value = f"s.{name(column.name)}"
    text = f"strlen(cast({value} as text))"
    match column.kind:
        case Kind.DATETIME:
            return f"if({value} is null, 0, 19)"
        case Kind.DATE:
            return f"if({value} is null, 0, 10)"
        case Kind.MONEY | Kind.NUMBER:
            return text
        case _:
            # A quote inside a cell is written twice.
            return f"{text} + {text} - strlen(replace(cast({value} as text), '\"', ''))"


def header_size(mart: Mart) -> int:
    """Return the bytes of a file's first line."""
    return sum(len(c.name.encode()) + 3 for c in mart.columns)


def columns_of(mart: Mart, chunk: Chunk, bits: dict[str, int]) -> tuple[Column, ...]:
    """Return the columns of a chunk's file.

    In the modes that keep what an upload leaves out, no page says whether an empty cell is
    left out (modes), so the file has the columns that are filled in every row of it.
    """
    if chunk.filled is None:
        return mart.columns
    return tuple(
        column
        for column in mart.columns
        if column.name not in bits or chunk.filled >> bits[column.name] & 1
    )


def too_large(mart: Mart, limits: Limits) -> str:
    """Return the query of the rows (`_row`) of `sendable_<mart>` that no chunk can hold."""
    room = limits.chunk_bytes - header_size(mart)
    return f"select _row from sendable_{mart.name} where _size > {room}"


def cut(wh: Attached, mart: Mart, limits: Limits, now: str) -> list[Chunk]:
    """Return the chunks of `sendable_<mart>`: none over `chunk_rows` or `chunk_bytes`.

    Those with orders whose window closes first come first, those past it last.
    """
    # Blocks of `chunk_rows`; one that is too large is cut where the cumulated size ends in
    # another slice. A slice is short of the limit by the largest row, since the first row of
    # a chunk may begin before it.
    room = limits.chunk_bytes - header_size(mart)
    rows = wh.rows(
        f"""
        with rows as (
            select _pos, _group, _size, _deadline, (_pos - 1) // {limits.chunk_rows} as block
            from sendable_{mart.name}
        ),
        blocks as (
            select block, _group, min(_pos) as first, max(_pos) as last,
                sum(_size) as bytes, min(_deadline) as closes
            from rows group by block, _group
        ),
        sizes as (
            select r._pos, r.block, r._group, r._deadline,
                sum(r._size) over (partition by r.block, r._group order by r._pos) as total,
                greatest({room} - max(r._size) over (partition by r.block, r._group), 1) as slice
            from rows r
            where (r.block, r._group) in (select (block, _group) from blocks where bytes > {room})
        ),
        chunks as (
            select first, last, _group, closes from blocks where bytes <= {room}
            union all
            select min(_pos), max(_pos), _group, min(_deadline)
            from sizes group by block, _group, (total - 1) // slice
        )
        select first, last, _group from chunks
        order by coalesce(closes < {now}, false), closes nulls last, first
        """
    )
    return [Chunk(first, last, group or None) for first, last, group in rows]


def write(wh: Attached, mart: Mart, cells: str, path: Path) -> File:
    """Write a query's cells as a CSV file, every cell that has a value quoted."""
    wh.run(
        f"copy ({cells}) "
        f"to {quote(str(path))} (format csv, header, delimiter {quote(mart.entity.delimiter)}, "
        "quote '\"', escape '\"', force_quote *, nullstr '')"
    )
    return _file(path)


def write_json(
    wh: Attached, mart: Mart, columns: tuple[Column, ...], cells: str, path: Path
) -> File:
    """Write a chunk as JSON: `{"contacts": […]}` or `{"orders": […]}`; keep it small.

    Lists are arrays of text, ClientIDs too, which would lose digits as numbers; amounts are
    numbers as they stand in the mart (uploadContactJson_1, uploadOrdersJson_1). What has no
    value is left out.
    """
    items = ", ".join("{" + ", ".join(_members(columns, row)) + "}" for row in wh.rows(cells))
    path.write_text(f'{{"{mart.name}": [{items}]}}', encoding="utf-8")
    return _file(path)


def _file(path: Path) -> File:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return File(path, path.stat().st_size, digest)


def _members(columns: tuple[Column, ...], row: tuple[str | None, ...]) -> Iterator[str]:
    for column, text in zip(columns, row, strict=True):
        if text is not None:
            yield f"{_text(column.name)}: {_value(column.kind, text)}"


def _value(kind: Kind, text: str) -> str:
    match kind:
        case Kind.MONEY | Kind.NUMBER:
            return format(Decimal(text), "f")
        case Kind.CLIENT_IDS | Kind.EMAILS | Kind.PHONES | Kind.MD5S:
            return f"[{', '.join(map(_text, text.split(',')))}]"
        case Kind.PRODUCTS:
            pairs = (pair.rpartition(":") for pair in text.split(","))
            return f"{{{', '.join(f'{_text(name)}: {units}' for name, _, units in pairs)}}}"
        case Kind.GOALS:
            return f"[{', '.join(map(_goal, text.split(',')))}]"
        case _:
            return _text(text)


def _goal(text: str) -> str:
    goal, _, price = text.partition(":")
    number = f', "price": {Decimal(price):f}' if price else ""
    return f'{{"goal_action_id": {_text(goal)}{number}}}'


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
