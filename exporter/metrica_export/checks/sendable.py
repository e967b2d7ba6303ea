"""The sendable rows of a staged mart: the rows without a problem, and their contents in a wave.

Each undelivered status is a step. Step k of every order is uploaded in wave k. The SQL here
reads the staged row as `s`, its delivered state as `p` and its steps as `t`.
"""

from dataclasses import dataclass

from metrica_export.checks.cells import cell, is_empty, row_size
from metrica_export.checks.deadlines import CREATED, created, deadline
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.delta.delivered_state import filled
from metrica_export.metrica.formats import Column
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.sql import name
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import PILES, PROBLEMS, tables_of

_FINISHED, _STATUS = "finish_date_time", "order_status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A range of sendable rows: from row `first` to row `last` of the staged rows.

    `filled` limits it to rows with values in exactly the columns of these bits. `pile` limits it
    to the rows of a pile; pile 0 has the rows without a pile.
    """

    first: int
    last: int
    filled: int | None = None
    pile: int | None = None


def rows(staged: StagedMart, wave: int = 1, selection: Selection | None = None) -> str:
    """Return the query of the sendable rows of a wave.

    Columns: `_row`, `_id`, `_hash`, `_size` (maximum bytes of the row in a file), `_deadline`,
    `_status`, `_step`, `_steps_left` (after this wave), `_pending` (the statuses that one run
    may send). Rows with different values of `_group` cannot share a file.
    """
    mart = staged.mart
    columns = {
        "_row": "s.rowid",
        "_id": "s._id",
        "_hash": "s._hash",
        "_size": row_size(mart) + _longest_status(mart),
        "_deadline": deadline(mart),
        "_group": _group(staged),
        "_status": _status(mart, wave),
        "_step": _step(mart, wave),
        "_steps_left": _steps_left(mart, wave),
        "_pending": _pending(staged),
    }
    return _select(staged, wave, selection, columns)


def count_sendable(wh: Attached, staged: StagedMart, wave: int = 1) -> int:
    """Return the number of sendable rows in a wave."""
    if not staged.rows:
        return 0
    (found,) = wh.row(f"select count(*) from ({rows(staged, wave)})")
    return int(found)


def cells(staged: StagedMart, columns: tuple[Column, ...], wave: int, selection: Selection) -> str:
    """Return the query of the cells of sendable rows, as text in Metrica's formats."""
    found = {name(column.name): _cell(staged.mart, column, wave) for column in columns}
    return _select(staged, wave, selection, found)


def last_cells(mart: Mart) -> dict[str, str]:
    """Return column → SQL for the cell of a staged row after its last step."""
    return {column.name: cell(column, _value(mart, column)) for column in mart.columns}


def staged_cells(staged: StagedMart, wave: int, among: str) -> str:
    """Return the query of `_row` and all cells of staged rows, including rows with a problem.

    `among` is a query that selects the rows (`_row`).
    """
    found = {name(column.name): _cell(staged.mart, column, wave) for column in staged.mart.columns}
    return render(
        __package__,
        "staged_cells",
        columns=_listed(found),
        has_path=staged.mart.has_path,
        among=among,
        **tables_of(staged.name),
    )


def problem_deadlines(staged: StagedMart) -> str:
    """Return the query of `_row` and `_deadline` of the staged rows with a problem."""
    return render(
        __package__,
        "staged_cells",
        columns=f"{deadline(staged.mart)} as _deadline",
        has_path=False,
        among=f"select _row from {staged.of(PROBLEMS)}",
        **tables_of(staged.name),
    )


def deliveries(staged: StagedMart, wave: int = 1, selection: Selection | None = None) -> str:
    """Return the query of the deliveries to record for sendable rows.

    Columns: `_id`, `_hash`, `_status`, `_step`, `_created` and `_filled`. A step before the last
    one of a path has a hash that differs from every row hash.
    """
    mart = staged.mart
    filled_bits = filled_cells(staged)
    if staged.keeps_omitted:
        filled_bits = f"{filled_bits} | coalesce(p._filled, 0)"
    row_hash = "s._hash"
    if mart.has_path:
        early = early_hash(_step(mart, wave))
        row_hash = f"case when {_steps_left(mart, wave)} > 0 then {early} else s._hash end"
    columns = {
        "_id": "s._id",
        "_hash": row_hash,
        "_status": _status(mart, wave),
        "_step": _step(mart, wave),
        "_created": created(mart),
        "_filled": filled_bits,
    }
    return _select(staged, wave, selection, columns)


def early_hash(step: str) -> str:
    """Return SQL for the hash of a delivery that is a step before the last one of a path."""
    return f"md5(s._hash || ':' || {step})"


def filled_cells(staged: StagedMart) -> str:
    """Return SQL for the bits of the columns that have a value in a row."""
    mart = staged.mart
    empty = {column.name: is_empty(column, _value(mart, column)) for column in mart.columns}
    return filled(staged.bits, empty)


def in_pile(staged: StagedMart, row: str, pile: int) -> str:
    """Return SQL that is true for the rows of a pile; pile 0 has the rows without a pile."""
    piles = staged.of(PILES)
    if not pile:
        return f"{row} not in (select _row from {piles})"
    return f"{row} in (select _row from {piles} where _pile = {pile})"


def _select(
    staged: StagedMart, wave: int, selection: Selection | None, columns: dict[str, str]
) -> str:
    filled_bits = selection.filled if selection else None
    pile = selection.pile if selection else None
    return render(
        __package__,
        "sendable",
        columns=_listed(columns),
        has_path=staged.mart.has_path,
        wave=wave,
        is_bounded=selection is not None,
        first=selection.first if selection else 0,
        last=selection.last if selection else 0,
        steps_left=_steps_left(staged.mart, wave),
        is_limited=staged.is_limited,
        has_pile=pile is not None,
        in_pile="" if pile is None else in_pile(staged, "s.rowid", pile),
        is_grouped=filled_bits is not None,
        filled=filled_bits or 0,
        group_bits=_group(staged),
        **tables_of(staged.name),
    )


def _listed(columns: dict[str, str]) -> str:
    return ", ".join(f"{value} as {column}" for column, value in columns.items())


def _group(staged: StagedMart) -> str:
    return filled_cells(staged) if staged.keeps_omitted else "cast(0 as bigint)"


def _longest_status(mart: Mart) -> str:
    # Chunks of the first wave must stay small enough for the longest later status.
    if not mart.has_path:
        return ""
    return " + coalesce(list_max(list_transform(t._pending, lambda one: strlen(one))), 0)"


def _pending(staged: StagedMart) -> str:
    if not staged.mart.has_path:
        return "cast(null as text[])"
    return f"coalesce(t._pending[:{staged.limits.max_steps}], [s.{_STATUS}])"


def _status(mart: Mart, wave: int) -> str:
    if not mart.has(_STATUS):
        return "cast(null as text)"
    if not mart.has_path:
        return f"s.{_STATUS}"
    return f"if(t._row is null, s.{_STATUS}, t._pending[{wave}])"


def _step(mart: Mart, wave: int) -> str:
    if not mart.has_path:
        return "cast(null as integer)"
    return f"coalesce(t._before, 0) + {wave}"


def _steps_left(mart: Mart, wave: int) -> str:
    return f"coalesce(len(t._pending), 1) - {wave}" if mart.has_path else "0"


def _value(mart: Mart, column: Column) -> str | None:
    return created(mart) if column.name == CREATED else None


def _cell(mart: Mart, column: Column, wave: int) -> str:
    if column.name == _STATUS and mart.has_path:
        return _status(mart, wave)
    if column.name == _FINISHED and mart.has_path:
        # An order that stops at an earlier step, for example at max_steps, is not finished yet.
        return cell(column, f"if({_steps_left(mart, wave)} > 0, null, s.{_FINISHED})")
    return cell(column, _value(mart, column))
