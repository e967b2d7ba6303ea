"""The sendable rows of a mart: what Metrica is to be told of each, and in which turn.

Where the CRM keeps a history, an order goes through its path: every status that Metrica
has not been told of yet makes a step, and the k-th pending step of every order goes in the
k-th wave. A wave starts when the one before it has ended, with the orders that came
through it.

Nothing is stored but the paths: the queries here are over `staged_<mart>` as `s`,
`prior_<mart>` as `p`, `paths_<mart>` as `t`, `problems_<mart>` and `piles_<mart>`.
"""

from dataclasses import dataclass

from metrica_export.checks.cells import cell, is_empty, row_size
from metrica_export.checks.chunks import Chunk
from metrica_export.delta.delivered_state import filled
from metrica_export.metrica.formats import LINK_DAYS, ORDERS, SIMPLE_ORDERS, UPDATE_DAYS, Column
from metrica_export.settings import Form, Limits
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import STATUS_PATH, Mart
from metrica_export.warehouse.sql import name

_CREATED, _STATUS = "create_date_time", "order_status"


@dataclass(frozen=True, slots=True)
class Layout:
    """What rows are laid out by.

    `bits` are the columns' numbers in `filled`; `now` is SQL for the wall clock's time in the
    counter's zone; `wave` counts from 1.
    """

    limits: Limits
    form: Form
    bits: dict[str, int]
    now: str
    wave: int = 1


def created(mart: Mart) -> str:
    """Return SQL for the creation date that goes out: the one that went first, for good."""
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
    return f"staged_{mart.name} s left join prior_{mart.name} p on p._row = s.rowid"


def find_paths(wh: Attached, mart: Mart) -> None:
    """Make `paths_<mart>`: of each order with a history the statuses that Metrica is to be told.

    `_before` counts the steps that it knows already, `_pending` lists the others. The delivered
    step is where the path has the delivered status: at the same place, or else, when the history
    was written anew, at its last one. If it has it nowhere, or ends with it, only the present
    state goes: what came earlier must not follow what came later. Nor does a step go that is
    earlier than one that may have arrived.
    """
    path = f"string_split(s.{STATUS_PATH}, ',')"
    latest = f"len({path}) + 1 - list_position(list_reverse({path}), p._status)"
    delivered = (
        f"case when p._delivered is not true then 0 "
        f"when {path}[p._step] = p._status then p._step else {latest} end"
    )
    # A delivered status that the path lacks gives NULL, which `greatest` would pass over.
    known = (
        f"if(({delivered}) is null, null, greatest({delivered}, coalesce(p._perhaps_step, 1) - 1))"
    )
    wh.run(
        f"""
        create or replace table paths_{mart.name} as
        select
            s.rowid as _row,
            cast(if({known} < len({path}), {known}, len({path}) - 1) as integer) as _before,
            if({known} < len({path}), {path}[{known} + 1:], [s.{_STATUS}]) as _pending
        from {staged_with_prior(mart)}
        where s.{STATUS_PATH} is not null
        """
    )


def rows(mart: Mart, layout: Layout, part: Chunk | None = None) -> str:
    """Return the query of the rows that can be sent in the present wave, or of a chunk of them.

    `_row` of `staged_<mart>`, `_id`, `_hash`, `_size` (bytes of the row in a file at most),
    `_deadline`, `_status` and `_step`. Of a path, `_pending` are the steps that this run may take
    and `_left` counts all those after this wave. Rows that differ in `_group` cannot share a file.
    """
    size = f"{row_size(mart)}{_longest_status(mart)}"
    return (
        f"select s.rowid as _row, s._id, s._hash, {size} as _size, "
        f"{deadline(mart)} as _deadline, {_group(mart, layout)} as _group, "
        f"{_status(mart, layout)} as _status, {_step(mart, layout)} as _step, "
        f"{_left(mart, layout)} as _left, {_pending(mart, layout)} as _pending "
        f"{_from(mart, layout, part)}"
    )


def cells(mart: Mart, columns: tuple[Column, ...], layout: Layout, part: Chunk) -> str:
    """Return the query of a chunk's cells, as Metrica is to read them."""
    texts = ", ".join(f"{_cell(mart, column, layout)} as {name(column.name)}" for column in columns)
    return f"select {texts} {_from(mart, layout, part)}"


def texts(mart: Mart, layout: Layout, among: str) -> str:
    """Return the query of the cells, as in `cells`, of the rows (`_row`) of another query.

    It has `_row` too, and includes rows with problems.
    """
    found = f"from staged_{mart.name} s left join prior_{mart.name} p on p._row = s.rowid"
    if mart.has_path:
        found += f" left join paths_{mart.name} t on t._row = s.rowid"
    columns = ", ".join(f"{_cell(mart, c, layout)} as {name(c.name)}" for c in mart.columns)
    return f"select s.rowid as _row, {columns} {found} where s.rowid in ({among})"


def deliveries(mart: Mart, layout: Layout, part: Chunk | None = None) -> str:
    """Return the query of what the ledger keeps of a chunk, or of all rows.

    `_id`, `_hash`, `_status`, `_step`, `_created` and `_filled`. Before the last step of a path
    the hash is no mart row's.
    """
    kept = filled_cells(mart, layout)
    if _is_apart(mart, layout):
        # What the row leaves out stays as it was.
        kept = f"{kept} | coalesce(p._filled, 0)"
    whole = "s._hash"
    if mart.has_path:
        early = early_hash(_step(mart, layout))
        whole = f"case when {_left(mart, layout)} > 0 then {early} else s._hash end"
    return (
        f"select s._id, {whole} as _hash, {_status(mart, layout)} as _status, "
        f"{_step(mart, layout)} as _step, {created(mart)} as _created, {kept} as _filled "
        f"{_from(mart, layout, part)}"
    )


def early_hash(step: str) -> str:
    """Return SQL for the hash of a delivery that is a step before the last one of a path."""
    return f"md5(s._hash || ':' || {step})"


def _from(mart: Mart, layout: Layout, part: Chunk | None) -> str:
    # The bounds are said of each table: DuckDB reads no more than the rows' neighbourhood.
    def near(table: str) -> str:
        if part is None:
            return f"{table}_{mart.name}"
        between = f"where _row between {part.first} and {part.last}"
        return f"(select * from {table}_{mart.name} {between})"

    found = f"from staged_{mart.name} s left join {near('prior')} p on p._row = s.rowid"
    wanted = [f"not exists (from {near('problems')} x where x._row = s.rowid)"]
    if mart.has_path:
        found += f" left join {near('paths')} t on t._row = s.rowid"
    if mart.has_path and layout.wave > 1:
        wanted.append(f"{_left(mart, layout)} >= 0")
    if part is not None:
        wanted.append(f"s.rowid between {part.first} and {part.last}")
    if part is not None and part.pile is not None:
        piles = f"(select _row from piles_{mart.name}" + (
            f" where _pile = {part.pile})" if part.pile else ")"
        )
        wanted.append(f"s.rowid {'in' if part.pile else 'not in'} {piles}")
    if part is not None and part.filled is not None:
        wanted.append(f"{_group(mart, layout)} = {part.filled}")
    return f"{found} where {' and '.join(wanted)}"


def _is_apart(mart: Mart, layout: Layout) -> bool:
    return layout.form.merge_mode(mart.name) != "SAVE"


def _group(mart: Mart, layout: Layout) -> str:
    return filled_cells(mart, layout) if _is_apart(mart, layout) else "cast(0 as bigint)"


def _longest_status(mart: Mart) -> str:
    # Later waves are in the same chunks' limits as the first.
    if not mart.has_path:
        return ""
    return " + coalesce(list_max(list_transform(t._pending, lambda one: strlen(one))), 0)"


def _pending(mart: Mart, layout: Layout) -> str:
    if not mart.has_path:
        return "cast(null as text[])"
    return f"coalesce(t._pending[:{layout.limits.max_steps}], [s.{_STATUS}])"


def _status(mart: Mart, layout: Layout) -> str:
    if not mart.has(_STATUS):
        return "cast(null as text)"
    if not mart.has_path:
        return f"s.{_STATUS}"
    return f"if(t._row is null, s.{_STATUS}, t._pending[{layout.wave}])"


def _step(mart: Mart, layout: Layout) -> str:
    if not mart.has_path:
        return "cast(null as integer)"
    return f"coalesce(t._before, 0) + {layout.wave}"


def _left(mart: Mart, layout: Layout) -> str:
    return f"coalesce(len(t._pending), 1) - {layout.wave}" if mart.has_path else "0"


def filled_cells(mart: Mart, layout: Layout) -> str:
    """Return SQL for the bits of the columns that go with a value; reads `s` and `p`."""
    empty = {column.name: is_empty(column, _value(mart, column)) for column in mart.columns}
    return filled(layout.bits, empty)


def _value(mart: Mart, column: Column) -> str | None:
    return created(mart) if column.name == _CREATED else None


def _cell(mart: Mart, column: Column, layout: Layout) -> str:
    if column.name == _STATUS and mart.has_path:
        return _status(mart, layout)
    return cell(column, _value(mart, column))
