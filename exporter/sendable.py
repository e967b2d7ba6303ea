"""The sendable rows of a mart: what Metrica is to be told of each, and in which turn.

Where the CRM keeps a history, an order goes through its path: every status that Metrica
has not been told of yet makes a step, and the k-th pending step of every order goes in the
k-th wave. A wave starts when the one before it has ended, with the orders that came
through it.
"""

from dataclasses import dataclass

from exporter.chunk import cell, header_size, row_size
from exporter.config import Form, Limits
from exporter.manifest import STATUS_PATH, Mart
from exporter.marts import LINK_DAYS, ORDERS, SIMPLE_ORDERS, UPDATE_DAYS
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
    if not _has(mart, _CREATED):
        return "cast(null as timestamp)"
    return f"coalesce(p._created, s.{_CREATED})"


def deadline(mart: Mart) -> str:
    """Return SQL for the moment after which Metrica makes little of an order, else NULL.

    A new order is tied to visits of the last 21 days, a known one is updated for 111 days
    from its visit, which was no later than the order itself (contacts).
    """
    if mart.entity not in (ORDERS, SIMPLE_ORDERS):
        return "cast(null as timestamp)"
    return (
        f"{created(mart)} + case when p._delivered then interval '{UPDATE_DAYS} days' "
        f"else interval '{LINK_DAYS} days' end"
    )


def staged_with_prior(mart: Mart) -> str:
    """Return a FROM item of the staged rows as `s`, and what was told of them before as `p`."""
    return f"staged_{mart.name} s left join prior_{mart.name} p on p._id = s._id"


def lay_out(wh: Attached, mart: Mart, layout: Layout, wave: int = 1) -> None:
    """Make `sendable_<mart>` out of the staged rows that have no problem.

    It has `_pos` 1..n, `_id`, `_hash`, `_row`, `_size` (bytes of the row in the file at
    most), the cells, and what the ledger keeps of a delivery: `_status`, `_step`, `_created`,
    `_filled`. Of a path, `_pending` are all its steps and `_left` counts those after this wave;
    before the last one the hash is no mart row's. Orders whose window closes first come first,
    those past it last; other rows go by their last change. Equal data is always in equal order.
    Rows that differ in `_group` cannot share a file. Rows too large for a chunk are left at
    `_pos` NULL.
    """
    room = layout.limits.chunk_bytes - header_size(mart)
    status = name(_STATUS) if _has(mart, _STATUS) else "cast(null as text)"
    apart = layout.form.merge_mode(mart.name) != "SAVE"
    wh.run(
        f"""
        create or replace table sendable_{mart.name} as
        with told as (
            select s.rowid as _row, s._id, s._hash as _whole, s._updated_at,
                {created(mart)} as _created, {deadline(mart)} as _deadline,
                {_steps(mart)} as _steps, {_cells(mart)}
            from {staged_with_prior(mart)}
            where s.rowid not in (select _row from problems_{mart.name})
        ),
        wave as ({_wave(mart, wave)}),
        sized as (
            select *, {row_size(mart)} as _size, {filled(layout.bits, mart)} as _filled,
                {status} as _status, {"_filled" if apart else "cast(0 as bigint)"} as _group
            from wave
        )
        select
            case when _size <= {room} then row_number() over (
                order by _size > {room}, _group, coalesce(_deadline < {layout.now}, false),
                    _deadline nulls last, _updated_at nulls last, _id
            ) end as _pos,
            * exclude (_whole, _steps)
        from sized
        order by _pos nulls last
        """
    )


def _has(mart: Mart, column: str) -> bool:
    return any(each.name == column for each in mart.columns)


def _cells(mart: Mart) -> str:
    return ", ".join(
        f"{cell(column, created(mart) if column.name == _CREATED else None)} as {name(column.name)}"
        for column in mart.columns
    )


def _wave(mart: Mart, wave: int) -> str:
    if not mart.has_path:
        return (
            "select *, _whole as _hash, cast(null as integer) as _step, 0 as _left, "
            "cast(null as text[]) as _pending from told"
        )
    return f"""
        select * replace (_steps.pending[{wave}] as {_STATUS}),
            case when len(_steps.pending) = {wave} then _whole
                else md5(_whole || ':' || (_steps.before + {wave})) end as _hash,
            cast(_steps.before + {wave} as integer) as _step,
            len(_steps.pending) - {wave} as _left,
            _steps.pending as _pending
        from told
        where len(_steps.pending) >= {wave}
    """


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
