"""The sendable rows of a mart: what Metrica is to be told of each, and in which turn.

Where the CRM keeps a history, an order goes through its path: every status that Metrica
has not been told of yet makes a step, and the k-th pending step of every order goes in the
k-th wave. A wave starts when the one before it has ended, with the orders that came
through it.
"""

from dataclasses import dataclass

from exporter.chunk import Chunk, cell, is_empty, row_size
from exporter.config import Form, Limits
from exporter.manifest import STATUS_PATH, Mart
from exporter.marts import LINK_DAYS, ORDERS, SIMPLE_ORDERS, UPDATE_DAYS, Column
from exporter.prior import filled
from exporter.warehouse import Attached, name

_CREATED, _STATUS = "create_date_time", "order_status"


@dataclass(frozen=True, slots=True)
class Layout:
    """What rows are laid out by.

    `bits` are the columns' numbers in `filled`; `now` is SQL for the wall clock's time in the
    counter's zone.
    """

    limits: Limits
    form: Form
    bits: dict[str, int]
    now: str


def created(mart: Mart) -> str:
    """Return SQL for the creation date that goes out: the one that went first, for good.

    Reads `staged_<mart>` as `s` and `prior_<mart>` as `p`.
    """
    if not mart.has(_CREATED):
        return "cast(null as timestamp)"
    return f"coalesce(p._created, s.{_CREATED})"


def closes(created_at: str, is_known: str) -> str:
    """Return SQL for the moment after which Metrica makes little of an order.

    A new order is tied to visits of the last 21 days, a known one is updated for 111 days
    from its visit, which was no later than the order itself (contacts).
    """
    return (
        f"{created_at} + case when {is_known} then interval '{UPDATE_DAYS} days' "
        f"else interval '{LINK_DAYS} days' end"
    )


def deadline(mart: Mart) -> str:
    """Return SQL for the moment when the window of a staged order closes, NULL of others."""
    if mart.entity not in (ORDERS, SIMPLE_ORDERS):
        return "cast(null as timestamp)"
    return closes(created(mart), "p._delivered")


def staged_with_prior(mart: Mart) -> str:
    """Return a FROM item of the staged rows as `s`, and what was told of them before as `p`."""
    return f"staged_{mart.name} s left join prior_{mart.name} p on p._id = s._id"


def lay_out(wh: Attached, mart: Mart, layout: Layout, wave: int = 1) -> None:
    """Make `sendable_<mart>` out of the staged rows that have no problem: narrow, not sorted.

    It has `_pos` 1..n, by `_row` of `staged_<mart>`, so that a chunk's rows are neighbours;
    `_size` (bytes of the row in a file at most), `_deadline`, `_status` and `_step`. Of a path,
    `_pending` are all its steps and `_left` counts those after this wave. Rows that differ in
    `_group` cannot share a file.
    """
    status = f"s.{_STATUS}" if mart.has(_STATUS) else "cast(null as text)"
    apart = layout.form.merge_mode(mart.name) != "SAVE"
    steps = (
        f"_steps.pending[{wave}] as _status, cast(_steps.before + {wave} as integer) as _step, "
        f"len(_steps.pending) - {wave} as _left, _steps.pending as _pending"
        if mart.has_path
        else "_status, cast(null as integer) as _step, 0 as _left, cast(null as text[]) as _pending"
    )
    wh.run(
        f"""
        create or replace table sendable_{mart.name} as
        with told as (
            select s.rowid as _row, {row_size(mart)} as _size, {deadline(mart)} as _deadline,
                {filled_cells(mart, layout) if apart else "cast(0 as bigint)"} as _group,
                {status} as _status, {_steps(mart)} as _steps
            from {staged_with_prior(mart)}
            where s.rowid not in (select _row from problems_{mart.name})
        )
        select row_number() over (order by {"_group, " if apart else ""}_row) as _pos,
            _row, _size, _deadline, _group, {steps}
        from told
        {f"where len(_steps.pending) >= {wave}" if mart.has_path else ""}
        """
    )


def sendable_ids(mart: Mart) -> str:
    """Return the query of the ids (`_id`) that are laid out."""
    return f"select s._id from sendable_{mart.name} x join staged_{mart.name} s on s.rowid = x._row"


def cells(wh: Attached, mart: Mart, columns: tuple[Column, ...], part: Chunk) -> str:
    """Return the query of a chunk's cells, as Metrica is to read them."""
    names = ", ".join(f"{_cell(mart, column)} as {name(column.name)}" for column in columns)
    return f"select {names} {_rows(wh, mart, part)} order by x._pos"


def deliveries(wh: Attached, mart: Mart, layout: Layout, part: Chunk) -> str:
    """Return the query of what the ledger keeps of a chunk.

    `_id`, `_hash`, `_status`, `_step`, `_created` and `_filled`. Before the last step of a path
    the hash is no mart row's.
    """
    kept = filled_cells(mart, layout)
    if layout.form.merge_mode(mart.name) != "SAVE":
        # What the row leaves out stays as it was.
        kept = f"{kept} | coalesce(p._filled, 0)"
    early = "md5(s._hash || ':' || x._step)"
    whole = f"case when x._left > 0 then {early} else s._hash end" if mart.has_path else "s._hash"
    return (
        f"select s._id, {whole} as _hash, x._status, x._step, {created(mart)} as _created, "
        f"{kept} as _filled {_rows(wh, mart, part)}"
    )


def _rows(wh: Attached, mart: Mart, part: Chunk) -> str:
    # The bounds let DuckDB read no more than the rows' own neighbourhood.
    where = f"where _pos between {part.first} and {part.last}"
    low, high = wh.row(f"select min(_row), max(_row) from sendable_{mart.name} {where}")
    return (
        f"from (select * from sendable_{mart.name} {where}) x "
        f"join staged_{mart.name} s on s.rowid = x._row "
        f"left join prior_{mart.name} p on p._id = s._id "
        f"where s.rowid between {low} and {high}"
    )


def filled_cells(mart: Mart, layout: Layout) -> str:
    """Return SQL for the bits of the columns that go with a value; reads `s` and `p`."""
    empty = {column.name: is_empty(column, _value(mart, column)) for column in mart.columns}
    return filled(layout.bits, empty)


def _value(mart: Mart, column: Column) -> str | None:
    return created(mart) if column.name == _CREATED else None


def _cell(mart: Mart, column: Column) -> str:
    if column.name == _STATUS and mart.has_path:
        return "x._status"
    return cell(column, _value(mart, column))


def _steps(mart: Mart) -> str:
    """Return SQL for `before`, the steps that Metrica knows, and the `pending` ones.

    The delivered step is where the path has the delivered status: at the same place, or else,
    when the history was written anew, at its last one. If it has it nowhere, or ends with it,
    only the present state goes: what came earlier must not follow what came later.
    """
    if not mart.has_path:
        return "null"
    path = f"string_split(s.{STATUS_PATH}, ',')"
    latest = f"len({path}) + 1 - list_position(list_reverse({path}), p._status)"
    known = (
        f"case when p._delivered is not true then 0 "
        f"when {path}[p._step] = p._status then p._step else {latest} end"
    )
    return f"""
        case when {known} < len({path})
            then {{'before': {known}, 'pending': {path}[{known} + 1:]}}
            else {{'before': coalesce(len({path}), 1) - 1, 'pending': [s.{_STATUS}]}}
        end
    """
