"""Chunks: the sendable rows of a mart, cut into files of them."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from metrica_export.metrica.formats import Column, Kind
from metrica_export.settings import Limits
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.sql import quote


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of sendable rows: `rows` of them, from row `first` to row `last` of `staged_<mart>`.

    `filled` are the bits of the columns that have a value in each of its rows; only those are
    in its file, and only rows with just those belong to it. None stands for all columns.
    With `pile`, only the rows of that pile belong to it (`suspicion`). A `tried` chunk has rows of
    a refused file; those of a `suspected` one share a trait in that column with refused rows.
    """

    first: int
    last: int
    rows: int
    filled: int | None = None
    pile: int | None = None
    tried: bool = False
    suspected: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A chunk on disk: UTF-8 without BOM; CSV by RFC 4180 with Metrica's own names, or JSON."""

    path: Path
    size: int
    sha256: str


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


def cut(
    wh: Attached, mart: Mart, rows: str, limits: Limits, now: str
) -> tuple[list[Chunk], list[int]]:
    """Return the chunks of the sendable rows, none over `chunk_rows` or `chunk_bytes`.

    `rows` is a query of `sendable.rows`. Chunks with orders whose window closes first come
    first, those past it last. Returns the places (`_row`) of rows that no chunk can hold, too.
    """
    room = limits.chunk_bytes - sum(len(c.name.encode()) + 3 for c in mart.columns)
    runs: list[_Run] = []
    too_large: list[int] = []
    for run in _runs(wh, rows, now, max(limits.chunk_rows // _STEPS, 1)):
        if run.size <= room:
            runs.append(run)
            continue
        here = f"_group = {run.group} and _row between {run.first} and {run.last}"
        for row in _runs(wh, f"select * from ({rows}) where {here}", now, step=1):
            if row.size <= room:
                runs.append(row)
            else:
                too_large.append(row.first)
    found = sorted(
        _pack(runs, limits, room),
        key=lambda run: (run.is_late, run.closes is None, run.closes or 0, run.first),
    )
    return [Chunk(run.first, run.last, run.rows, run.group or None) for run in found], too_large


@dataclass(slots=True)
class _Run:
    """Neighbouring rows of one group; `closes` is in seconds from now."""

    group: int
    first: int
    last: int
    rows: int
    size: int
    closes: float | None

    @property
    def is_late(self) -> bool:
        return self.closes is not None and self.closes < 0

    def take(self, other: "_Run") -> None:
        self.last, self.rows, self.size = other.last, self.rows + other.rows, self.size + other.size
        self.closes = min((c for c in (self.closes, other.closes) if c is not None), default=None)


def _pack(runs: Iterable[_Run], limits: Limits, room: int) -> Iterator[_Run]:
    chunk: _Run | None = None
    for run in runs:
        if (
            chunk is not None
            and chunk.group == run.group
            and chunk.rows + run.rows <= limits.chunk_rows
            and chunk.size + run.size <= room
        ):
            chunk.take(run)
            continue
        if chunk is not None:
            yield chunk
        chunk = run
    if chunk is not None:
        yield chunk


def _runs(wh: Attached, rows: str, now: str, step: int) -> Iterator[_Run]:
    for found in wh.rows(
        "select _group, min(_row), max(_row), count(*), cast(sum(_size) as bigint), "
        f"epoch(min(_deadline) - {now}) from ({rows}) "
        f"group by _group, _row // {step} order by _group, min(_row)"
    ):
        yield _Run(*found)


_STEPS = 50
"""A chunk's rows are counted in steps of a fiftieth of its limit."""


def halves(wh: Attached, rows: str, part: Chunk) -> tuple[Chunk, Chunk]:
    """Return a chunk in two parts; it must have at least two rows, and `rows` is their query."""
    half = (part.rows + 1) // 2
    places = wh.rows(f"select _row from ({rows}) order by _row limit 2 offset {half - 1}")
    (end,), (start,) = places
    return (
        replace(part, last=end, rows=half),
        replace(part, first=start, rows=part.rows - half),
    )


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
