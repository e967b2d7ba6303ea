"""Chunks: the sendable rows of a mart as Metrica's cells, cut into files by rows and bytes."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from exporter.config import Limits
from exporter.manifest import Mart
from exporter.marts import Column, Kind
from exporter.warehouse import Attached, name, quote


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of rows of `sendable_<mart>`, from position `first` to `last`."""

    first: int
    last: int

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.last - self.first + 1

    def halves(self) -> tuple["Chunk", "Chunk"]:
        """Return the chunk in two parts; it must have at least two rows."""
        middle = (self.first + self.last) // 2
        return Chunk(self.first, middle), Chunk(middle + 1, self.last)


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A chunk on disk: UTF-8 without BOM, RFC 4180, a header of Metrica's own names."""

    path: Path
    size: int
    sha256: str


_BREAKS = r"[\x00-\x1f\x7f\x{85}\x{2028}\x{2029}]+"
"""Line breaks of any alphabet, and the other control characters."""


def cell(column: Column) -> str:
    """Return SQL for a cell's text as Metrica reads it, NULL where there is no value.

    Formats: date (dates), orders-data (decimals with a dot). Line breaks inside a text
    become spaces, since no page says how Metrica reads them.
    """
    value = f"s.{name(column.name)}"
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


def lay_out(wh: Attached, mart: Mart, limits: Limits) -> None:
    """Make `sendable_<mart>` out of the staged rows that have no problem.

    It has `_pos` 1..n, `_id`, `_hash`, `_row`, `_size` (bytes of the row in the file at
    most) and the cells. Oldest changes come first; equal data is always in equal order.
    Rows too large for a chunk are left at `_pos` NULL.
    """
    cells = ", ".join(f"{cell(c)} as {name(c.name)}" for c in mart.columns)
    size = " + ".join(
        f"coalesce(strlen({n}) + strlen({n}) - strlen(replace({n}, '\"', '')), 0) + 3"
        for n in (name(c.name) for c in mart.columns)
    )
    room = limits.chunk_bytes - _header_size(mart)
    wh.run(
        f"""
        create or replace table sendable_{mart.name} as
        with cells as (
            select s._id, s._hash, s._updated_at, s.rowid as _row, {cells}
            from staged_{mart.name} s
            where s.rowid not in (select _row from problems_{mart.name})
        ),
        sized as (select *, {size} as _size from cells)
        select
            case when _size <= {room} then row_number() over (
                order by _size > {room}, _updated_at nulls last, _id
            ) end as _pos,
            *
        from sized
        order by _pos nulls last
        """
    )


def cut(wh: Attached, mart: Mart, limits: Limits) -> list[Chunk]:
    """Return the chunks of `sendable_<mart>`: none over `chunk_rows` or `chunk_bytes`."""
    # Rows whose cumulated size ends in the same slice make a chunk; a slice is short of
    # the limit by the largest row, since the first row of a chunk may begin before it.
    rows = wh.rows(
        f"""
        with sizes as (
            select _pos, sum(_size) over (order by _pos) as total,
                greatest({limits.chunk_bytes - _header_size(mart)} - max(_size) over (), 1)
                    as slice
            from sendable_{mart.name}
            where _pos is not null
        )
        select min(_pos), max(_pos)
        from sizes
        group by (_pos - 1) // {limits.chunk_rows}, (total - 1) // slice
        order by 1
        """
    )
    return [Chunk(first, last) for first, last in rows]


def write(wh: Attached, mart: Mart, chunk: Chunk, path: Path) -> CsvFile:
    """Write a chunk as a CSV file, every cell that has a value quoted."""
    columns = ", ".join(name(c.name) for c in mart.columns)
    wh.run(
        f"copy (select {columns} from sendable_{mart.name} "
        f"where _pos between {chunk.first} and {chunk.last} order by _pos) "
        f"to {quote(str(path))} (format csv, header, delimiter {quote(mart.entity.delimiter)}, "
        "quote '\"', escape '\"', force_quote *, nullstr '')"
    )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return CsvFile(path, path.stat().st_size, digest)


def _header_size(mart: Mart) -> int:
    return sum(len(c.name.encode()) + 3 for c in mart.columns)
