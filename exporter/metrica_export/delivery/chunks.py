"""Chunks: sets of sendable rows, each for one file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from metrica_export.checks.sendable import Selection, rows
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.metrica.formats import Column
from metrica_export.settings import Limits
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.sql_files import render


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk(Selection):
    """A selection of sendable rows for one file; `rows` is their number.

    With `filled`, the file has only the columns of these bits. A `tried` chunk has rows of a
    refused file. The rows of a `suspected` chunk share a trait in this column with refused rows.
    """

    rows: int
    tried: bool = False
    suspected: str | None = None


def columns_of(staged: StagedMart, chunk: Chunk) -> tuple[Column, ...]:
    """Return the columns of a chunk's file.

    UPDATE and APPEND keep omitted values, but Metrica does not document whether an empty cell
    counts as omitted (page "Data upload modes"). In these modes a file has only columns with a
    value in each of its rows.
    """
    if chunk.filled is None:
        return staged.mart.columns
    return tuple(
        column
        for column in staged.mart.columns
        if column.name not in staged.bits or chunk.filled >> staged.bits[column.name] & 1
    )


def cut(
    wh: Attached, staged: StagedMart, wave: int = 1, *, among: str | None = None
) -> tuple[list[Chunk], list[int]]:
    """Return the chunks of a wave, within `chunk_rows` and `chunk_bytes`, and the too large rows.

    Orders are sent by deadline, earliest first. Orders past their deadline are sent last. `among`
    is a condition over `_row`. Rows that are too large for any chunk are given by their `_row`.
    """
    limits = staged.limits
    query = rows(staged, wave)
    if among is not None:
        query = f"select * from ({query}) where {among}"
    room = limits.chunk_bytes - sum(len(c.name.encode()) + 3 for c in staged.mart.columns)
    ranges: list[_Range] = []
    too_large: list[int] = []
    for found in _ranges(wh, query, staged.now, max(limits.chunk_rows // _STEPS, 1)):
        if found.size <= room:
            ranges.append(found)
            continue
        here = f"_group = {found.group} and _row between {found.first} and {found.last}"
        for row in _ranges(wh, f"select * from ({query}) where {here}", staged.now, 1):
            if row.size <= room:
                ranges.append(row)
            else:
                too_large.append(row.first)
    packed = sorted(
        _pack(ranges, limits, room),
        key=lambda each: (each.is_late, each.closes is None, each.closes or 0, each.first),
    )
    chunks = [
        Chunk(first=each.first, last=each.last, rows=each.rows, filled=each.group or None)
        for each in packed
    ]
    return chunks, too_large


def halves(wh: Attached, staged: StagedMart, wave: int, chunk: Chunk) -> tuple[Chunk, Chunk]:
    """Return a chunk of two or more rows in two parts."""
    half = (chunk.rows + 1) // 2
    query = rows(staged, wave, chunk)
    (end,), (start,) = wh.rows(
        f"select _row from ({query}) order by _row limit 2 offset {half - 1}"
    )
    return (
        replace(chunk, last=end, rows=half),
        replace(chunk, first=start, rows=chunk.rows - half),
    )


_STEPS = 50
"""Rows are counted and packed in steps of a fiftieth of a chunk's limit."""


@dataclass(slots=True)
class _Range:
    """Neighbouring rows of one group; `closes` is their earliest deadline, in seconds from now."""

    group: int
    first: int
    last: int
    rows: int
    size: int
    closes: float | None

    @property
    def is_late(self) -> bool:
        return self.closes is not None and self.closes < 0

    def add(self, other: "_Range") -> None:
        self.last, self.rows, self.size = other.last, self.rows + other.rows, self.size + other.size
        self.closes = min((c for c in (self.closes, other.closes) if c is not None), default=None)


def _pack(ranges: Iterable[_Range], limits: Limits, room: int) -> Iterator[_Range]:
    packed: _Range | None = None
    for each in ranges:
        if (
            packed is not None
            and packed.group == each.group
            and packed.rows + each.rows <= limits.chunk_rows
            and packed.size + each.size <= room
        ):
            packed.add(each)
            continue
        if packed is not None:
            yield packed
        packed = each
    if packed is not None:
        yield packed


def _ranges(wh: Attached, query: str, now: str, step: int) -> Iterator[_Range]:
    for found in wh.rows(render(__package__, "ranges", rows=query, now=now, step=step)):
        yield _Range(*found)
