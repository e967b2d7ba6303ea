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


def row_size(mart: Mart) -> str:
    """Return SQL for the bytes that the cells of a row take in a file at most."""
    return " + ".join(
        f"coalesce(strlen({n}) + strlen({n}) - strlen(replace({n}, '\"', '')), 0) + 3"
        for n in (name(c.name) for c in mart.columns)
    )


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


def cut(wh: Attached, mart: Mart, limits: Limits) -> list[Chunk]:
    """Return the chunks of `sendable_<mart>`: none over `chunk_rows` or `chunk_bytes`."""
    # Rows whose cumulated size ends in the same slice make a chunk; a slice is short of
    # the limit by the largest row, since the first row of a chunk may begin before it.
    rows = wh.rows(
        f"""
        with sizes as (
            select _pos, _group, sum(_size) over (order by _pos) as total,
                greatest({limits.chunk_bytes - header_size(mart)} - max(_size) over (), 1)
                    as slice
            from sendable_{mart.name}
            where _pos is not null
        )
        select min(_pos), max(_pos), _group
        from sizes
        group by _group, (_pos - 1) // {limits.chunk_rows}, (total - 1) // slice
        order by 1
        """
    )
    return [Chunk(first, last, group or None) for first, last, group in rows]


def write(wh: Attached, mart: Mart, chunk: Chunk, columns: tuple[Column, ...], path: Path) -> File:
    """Write a chunk as a CSV file, every cell that has a value quoted."""
    wh.run(
        f"copy ({_rows(mart, chunk, columns)}) "
        f"to {quote(str(path))} (format csv, header, delimiter {quote(mart.entity.delimiter)}, "
        "quote '\"', escape '\"', force_quote *, nullstr '')"
    )
    return _file(path)


def write_json(
    wh: Attached, mart: Mart, chunk: Chunk, columns: tuple[Column, ...], path: Path
) -> File:
    """Write a chunk as JSON: `{"contacts": […]}` or `{"orders": […]}`; keep it small.

    Lists are arrays of text, ClientIDs too, which would lose digits as numbers; amounts are
    numbers as they stand in the mart (uploadContactJson_1, uploadOrdersJson_1). What has no
    value is left out.
    """
    rows = wh.rows(_rows(mart, chunk, columns))
    items = ", ".join("{" + ", ".join(_members(columns, row)) + "}" for row in rows)
    path.write_text(f'{{"{mart.name}": [{items}]}}', encoding="utf-8")
    return _file(path)


def _rows(mart: Mart, chunk: Chunk, columns: tuple[Column, ...]) -> str:
    return (
        f"select {', '.join(name(c.name) for c in columns)} from sendable_{mart.name} "
        f"where _pos between {chunk.first} and {chunk.last} order by _pos"
    )


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
    return f'{{"goal_action_id": {_text(goal)}' + (f', "price": {price}}}' if price else "}")


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
