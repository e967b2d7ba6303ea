"""Results as Arrow tables: the counts of a run, rejected rows, rows of a plan, and explanations.

The columns are the fields of the command's JSON. Points in time are in UTC and carry their zone.
pyarrow is imported with this module only.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any

import pyarrow as pa

from metrica_export.commands import explain, plan, status
from metrica_export.commands.outcome import Outcome
from metrica_export.commands.result import COUNTS, RunResult
from metrica_export.review.row_changes import ColumnChange, RowChange
from metrica_export.settings import Options

_BATCH = 10_000
"""Rows that are converted at once."""

_NO_CELL = ColumnChange("", "")
"""Stands for the columns of a row in which only the status changes."""

_TIME = pa.timestamp("us", tz="UTC")
_WALL_CLOCK = pa.timestamp("us")
"""A creation date, which Metrica reads in the counter's time zone."""

_CELLS = pa.list_(
    pa.struct([("column", pa.string()), ("change", pa.string()), ("value", pa.string())])
)
_CHANGE = pa.struct(
    [
        ("delivered", pa.string()),
        ("last_status", pa.string()),
        ("statuses", pa.list_(pa.string())),
        ("steps_left", pa.int32()),
        ("columns", _CELLS),
    ]
)
_NEXT_RUN = pa.struct(
    [
        *((name, pa.string()) for name in ("state", "reason", "column", "detail")),
        *((name, pa.string()) for name in ("explanation", "cure")),
        ("change", _CHANGE),
    ]
)
_ROW = pa.struct([("row_hash", pa.string()), ("updated_at", _TIME), ("next_run", _NEXT_RUN)])
_DEADLINES = pa.struct(
    [
        ("create_date_time", _WALL_CLOCK),
        ("link_deadline", _TIME),
        ("link_days_left", pa.int32()),
        ("update_deadline", _TIME),
        ("update_days_left", pa.int32()),
        ("applies", pa.string()),
    ]
)
_UPLOAD = pa.struct(
    [
        ("upload_no", pa.int64()),
        ("run_no", pa.int64()),
        ("started_at", _TIME),
        ("finished_at", _TIME),
        ("status", pa.string()),
        ("uploading_id", pa.string()),
        ("step", pa.int32()),
        ("order_status", pa.string()),
        ("row_hash", pa.string()),
        ("create_date_time", _WALL_CLOCK),
    ]
)
_VERDICT = pa.struct(
    [
        *((name, pa.string()) for name in ("state", "column", "reason", "detail")),
        ("run_no", pa.int64()),
    ]
)
_LAST_RUN = pa.struct(
    [
        ("run_no", pa.int64()),
        ("started_at", _TIME),
        ("exit_code", pa.int32()),
        ("message", pa.string()),
    ]
)

COUNTS_SCHEMA = pa.schema(
    [
        ("run_no", pa.int64()),
        ("counter", pa.int64()),
        ("target", pa.string()),
        ("mode", pa.string()),
        ("started_at", _TIME),
        ("finished_at", _TIME),
        ("exit_code", pa.int32()),
        ("mart", pa.string()),
        *((name, pa.int64()) for name in (*COUNTS, "pending")),
    ]
)
REJECTS_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("entity", "id", "state")),
        *((name, pa.string()) for name in ("column", "reason", "explanation", "cure")),
        ("run_no", pa.int64()),
        ("judged_at", _TIME),
    ]
)
PLAN_SCHEMA = pa.schema(
    [
        ("mart", pa.string()),
        ("id", pa.string()),
        ("delivered", pa.string()),
        ("last_status", pa.string()),
        ("statuses", pa.list_(pa.string())),
        ("steps_left", pa.int32()),
        ("column", pa.string()),
        ("change", pa.string()),
        ("value", pa.string()),
    ]
)
EXPLAIN_SCHEMA = pa.schema(
    [
        ("mart", pa.string()),
        ("id", pa.string()),
        ("counter", pa.int64()),
        ("rows", pa.list_(_ROW)),
        ("vanished", pa.bool_()),
        ("emptied", pa.bool_()),
        ("deadlines", _DEADLINES),
        ("uploads", pa.list_(_UPLOAD)),
        ("verdicts", pa.list_(_VERDICT)),
        ("last_run", _LAST_RUN),
        ("exit_code", pa.int32()),
    ]
)


def counts_table(result: RunResult) -> pa.Table:
    """Return the counts of a run: one row for each compared mart, in the order of work."""
    head = (result.run_no, result.counter, result.target, result.mode)
    times = (result.started_at, result.finished_at, result.exit_code)
    rows = [
        (*head, *times, mart, *(getattr(counts, name) for name in (*COUNTS, "pending")))
        for mart, counts in result.entities.items()
    ]
    return _table(COUNTS_SCHEMA, rows)


def rejects_table(
    settings: Options,
    mart: str | None = None,
    reason: str | None = None,
    state: str | None = None,
    limit: int | None = None,
) -> pa.Table:
    """Return the rejected and held rows, ordered by mart, state, reason and id.

    Raises ExportError.
    """
    wanted = status.Filter(mart, reason, state, limit)
    with status.rejects(settings.dbt, settings.counter_id, wanted, settings.language) as found:
        return _table(REJECTS_SCHEMA, found.rows)


def plan_table(settings: Options, rows: int, *, with_values: bool = False) -> pa.Table:
    """Return at most `rows` rows of each mart that a run would send, one row for each column.

    The marts are in the order of work. In a mart, delivered rows come first, then the order is by
    id, and that of the columns is the mart's. Cells are `***` without `with_values`. Sends
    nothing. Raises ExportError.
    """
    wanted = plan.Wanted(rows=rows, with_values=with_values)
    details = plan.plan(Outcome(), settings, wanted)
    return _table(PLAN_SCHEMA, plan_rows(details, with_values=with_values))


def explain_table(settings: Options, mart: str, key: str, *, with_values: bool = False) -> pa.Table:
    """Return one row: everything that is known about a row of a mart, and its next run.

    Cells are `***` without `with_values`. Uploads are in the order of sending. Raises ExportError.
    """
    found = explain.explain(settings, mart, key, with_values=with_values)
    return _table(EXPLAIN_SCHEMA, [explain_row(found, with_values=with_values)])


def plan_rows(details: plan.Details, *, with_values: bool) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `PLAN_SCHEMA`; a row without a changed column has one, without a column."""
    for mart, changes in (details.rows or {}).items():
        for change in changes:
            head = (mart, change.id, change.delivered, change.last_status)
            steps = ([*change.statuses], change.steps_left)
            for cell in change.cells(with_values=with_values) or [_NO_CELL]:
                yield (*head, *steps, cell.column or None, cell.change or None, cell.value)


def explain_row(found: explain.Explanation, *, with_values: bool) -> tuple[Any, ...]:
    """Return the row of `EXPLAIN_SCHEMA`."""
    shown = found.as_dict(with_values=with_values)
    for row, mart_row in zip(shown["rows"], found.rows, strict=True):
        if mart_row.next_run.change is not None:
            row["next_run"]["change"]["columns"] = _cells(
                mart_row.next_run.change, with_values=with_values
            )
    return tuple(shown.values())


def batches(schema: pa.Schema, rows: Iterable[Sequence[Any]]) -> Iterator[pa.RecordBatch]:
    """Yield rows as Arrow batches of bounded size. Text in a column of times is ISO 8601."""
    rest = iter(rows)
    while part := list(islice(rest, _BATCH)):
        columns = zip(schema, zip(*part, strict=True), strict=True)
        arrays = [
            pa.array([_value(cell, field.type) for cell in cells], field.type)
            for field, cells in columns
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _table(schema: pa.Schema, rows: Iterable[Sequence[Any]]) -> pa.Table:
    return pa.Table.from_batches(batches(schema, rows), schema)


def _cells(change: RowChange, *, with_values: bool) -> list[dict[str, Any]]:
    return [asdict(cell) for cell in change.cells(with_values=with_values)]


def _value(value: Any, kind: pa.DataType) -> Any:  # noqa: ANN401 - of JSON
    if value is None:
        return None
    if pa.types.is_struct(kind):
        return {field.name: _value(value[field.name], field.type) for field in kind}
    if pa.types.is_list(kind):
        return [_value(each, kind.value_type) for each in value]
    if pa.types.is_timestamp(kind) and isinstance(value, str):
        return _time(value)
    return value


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        # A warehouse's infinity, which no row that is sent has.
        return None
