"""The change of single rows in Metrica, as far as the ledger knows their delivered state.

The ledger has the status, the first creation date and the filled columns of a delivered row, and
none of its other values.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from metrica_export.checks.sendable import filled_cells, last_cells, rows
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.sql import name
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import tables_of

FILLED, EMPTIED, KEPT, MAY_DIFFER = "filled", "emptied", "kept", "may_differ"
"""Metrica has no value yet; its value becomes empty; the first creation date is sent again; the
ledger does not know whether the value is another one."""

MASK = "***"
"""Stands for a cell, which may be personal data."""


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """The change of one column. `value` is the cell to send, if the caller asked for values."""

    column: str
    change: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class RowChange:
    """The change of one sendable row.

    `delivered` is `yes`, `no`, or `unknown` after an upload with an unknown outcome. `statuses` are
    those that one run sends, after the delivered `last_status`; `steps_left` are for later runs.
    Columns without a change, and order_status, are not among `columns`.
    """

    mart: str
    row: int
    id: str
    delivered: str
    last_status: str | None
    statuses: tuple[str, ...]
    steps_left: int
    columns: tuple[ColumnChange, ...]

    def cells(self, *, with_values: bool) -> list[ColumnChange]:
        """Return the columns; without `with_values`, a mask stands for each cell to send."""
        if with_values:
            return [*self.columns]
        return [
            each if each.change == EMPTIED else replace(each, value=MASK) for each in self.columns
        ]

    def as_dict(self, *, with_values: bool) -> dict[str, Any]:
        """Return the JSON object; without `with_values` it has no cell of the row."""
        hidden = set() if with_values else {"value"}
        columns = [
            {key: value for key, value in asdict(each).items() if key not in hidden}
            for each in self.columns
        ]
        return {
            "delivered": self.delivered,
            "last_status": self.last_status,
            "statuses": [*self.statuses],
            "steps_left": self.steps_left,
            "columns": columns,
        }


def find_row_changes(
    wh: Attached,
    staged: StagedMart,
    *,
    with_values: bool,
    among: str | None = None,
    limit: int | None = None,
) -> list[RowChange]:
    """Return the changes of the sendable rows of a mart, delivered rows first, then by id.

    `among` is a query of `_row` that selects the rows.
    """
    if not staged.rows:
        return []
    cells = last_cells(staged.mart) if with_values else {}
    has_date = staged.mart.has("create_date_time")
    query = render(
        __package__,
        "row_changes",
        rows=rows(staged),
        among=among or "",
        most=limit or 0,
        filled=filled_cells(staged),
        is_moved="p._created <> s.create_date_time" if has_date else "false",
        sent_cells="".join(f", {cell} as {name(column)}" for column, cell in cells.items()),
        **tables_of(staged.name),
    )
    return [_change(staged, row) for row in wh.rows(query)]


def _change(staged: StagedMart, found: tuple[Any, ...]) -> RowChange:
    row, key, delivered, last_status, statuses, left, was_filled, is_filled, is_moved = found[:9]
    columns = _columns(staged, was_filled, is_filled, found[9:], is_moved=is_moved)
    changes = tuple(ColumnChange(*column) for column in columns)
    return RowChange(staged.name, row, key, delivered, last_status, tuple(statuses), left, changes)


def _columns(
    staged: StagedMart,
    was_filled: int | None,
    is_filled: int,
    cells: tuple[str | None, ...],
    *,
    is_moved: bool,
) -> Iterator[tuple[str, str, str | None]]:
    for i, column in enumerate(staged.mart.columns):
        value = cells[i] if cells else None
        bit = staged.bits.get(column.name)
        if column.name == "order_status":
            continue
        if column.name == "create_date_time" and is_moved:
            yield column.name, KEPT, value
        elif bit is None or was_filled is None:
            # Metrica may have any value in the column.
            yield column.name, MAY_DIFFER, value
        elif is_filled >> bit & 1:
            yield column.name, MAY_DIFFER if was_filled >> bit & 1 else FILLED, value
        elif was_filled >> bit & 1 and not staged.keeps_omitted:
            yield column.name, EMPTIED, None
