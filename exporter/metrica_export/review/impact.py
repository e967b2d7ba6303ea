"""What a run is about to change in Metrica, counted before anything is sent."""

from metrica_export.checks.judge import Judge
from metrica_export.checks.sendable import early_hash, filled_cells
from metrica_export.delta.detection import Delta
from metrica_export.delta.vanished import ERASED
from metrica_export.ledger.records import Changes
from metrica_export.metrica.formats import (
    DEFAULT_STATUSES,
    LISTS,
    ORDER_STATUSES,
    ORDERS,
    SIMPLE_ORDERS,
)
from metrica_export.review.status_mapping import mart_of
from metrica_export.warehouse.connection import relation
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.sql import quote


def find_changes(judge: Judge, delta: Delta) -> Changes:
    """Count what the sendable rows of a judged mart would change."""
    mart = delta.mart
    if judge.is_empty(mart):
        return Changes(vanished=delta.vanished)
    if mart.entity is ORDER_STATUSES:
        return Changes(paid=_retyped(judge))
    if mart.entity in LISTS:
        return Changes()
    wh, now = judge.wh, judge.layout(mart).now
    total, late, expiring = wh.row(
        f"""
        select
            count(*),
            count(*) filter (_deadline < {now}),
            count(*) filter (_deadline between {now} and {now} + interval '1 day')
        from ({judge.rows(mart)})
        """
    )
    reached = dict(
        wh.rows(
            f"""
            select status, count(*)
            from (
                select unnest(coalesce(_pending, [_status])) as status from ({judge.rows(mart)})
            )
            where status is not null group by status
            """
        )
    )
    known, paid, moved, same, erased = _of_known(judge, mart)
    for status, rows in same.items():
        reached[status] -= rows
    return Changes(
        new=total - known,
        paid=paid,
        moved=moved,
        late=late,
        expiring=expiring,
        vanished=delta.vanished,
        erased=erased,
        reached={status: rows for status, rows in sorted(reached.items()) if rows},
    )


def finishing(judge: Judge, mart: Mart) -> int:
    """Return how many sendable mart rows are delivered completely within `max_steps` waves."""
    if judge.is_empty(mart):
        return 0
    (rows,) = judge.wh.row(
        f"select count(*) from ({judge.rows(mart)}) "
        f"where _left < {judge.limits.max_steps} and _hash <> {quote(ERASED)}"
    )
    return int(rows)


_Known = tuple[int, int, int, dict[str, int], dict[str, int]]
"""Rows that Metrica has, that turn PAID, with a moved creation date; and, by status, those whose
status stays, by column, the values that become empty."""


def _of_known(judge: Judge, mart: Mart) -> _Known:
    """Compare the rows that were delivered before with what was said then."""
    wh = judge.wh
    if not wh.rows(f"select 1 from prior_{mart.name} limit 1"):
        return 0, 0, 0, {}, {}
    layout = judge.layout(mart)
    saves = judge.form.merge_mode(mart.name) == "SAVE"
    bits = layout.bits if saves else {}
    lost = "".join(
        f", count(*) filter (p._filled & ~{filled_cells(mart, layout)} & {1 << bit} <> 0)"
        for bit in bits.values()
    )
    rows = (
        f"prior_{mart.name} p join staged_{mart.name} s on s.rowid = p._row "
        f"join ({judge.rows(mart)}) x on x._row = p._row "
        f"left join known_{mart.name} k on k._id = s._id"
    )
    # The run that began an order's path has counted its statuses, and the order did not change.
    is_on_its_way = f"k._hash is not distinct from {early_hash('p._step')}"
    statuses = "coalesce(x._pending, [x._status])"
    moved_date = "p._created <> s.create_date_time" if mart.has("create_date_time") else "false"
    known, paid, moved, *counts = wh.row(
        f"""
        select
            count(*) filter (p._delivered),
            count(*) filter (
                p._delivered and not {is_on_its_way}
                and coalesce(p._status, '') not in ({_of_type(judge, "PAID", told=True)})
                and list_has_any(
                    {statuses},
                    (select coalesce(list(_id), []) from ({_of_type(judge, "PAID")}))
                )
            ),
            count(*) filter ({moved_date}) {lost}
        from {rows}
        """
    )
    same = wh.rows(
        f"select status, count(*) from (select unnest({statuses}) as status, p._status as before "
        f"from {rows}) where status = before group by status"
    )
    erased = {column: n for column, n in zip(bits, counts, strict=True) if n}
    return known, paid, moved, dict(same), erased


def _of_type(judge: Judge, type_: str, *, told: bool = False) -> str:
    """Return the query of the statuses (`_id`) of a type.

    By the mart's mapping; or, with `told`, by the mapping that Metrica has, where it has one.
    """
    own = quote(type_) if type_ in DEFAULT_STATUSES else "null"
    mapped = [f"select {own} as _id, {quote(type_)} as _type"]
    if (mart := mart_of(judge.marts)) is not None:
        table = relation(mart.schema, mart.table)
        mapped.append(f"select cast(id as text), type from {table}")
    types = " union all ".join(mapped)
    if told:
        sent = judge.ledger.statuses()
        types = (
            f"select _id, _type from {sent} union all select _id, _type from ({types}) "
            f"where _id not in (select _id from {sent})"
        )
    return f"select _id from ({types}) as types where _type = {quote(type_)} and _id is not null"


def _retyped(judge: Judge) -> int:
    """Count the orders that turn PAID because their status is mapped otherwise now."""
    orders = judge.ledger.details(ORDERS.name)
    became = (
        f"select _id from ({_of_type(judge, 'PAID')}) "
        f"where _id in (select _id from {judge.ledger.statuses()} where _type <> 'PAID')"
    )
    if not judge.wh.rows(f"{became} limit 1"):
        return 0
    (rows,) = judge.wh.row(
        f"select count(*) from ({_last_told(orders)}) where _status in ({became})"
    )
    return int(rows)


def open_orders(judge: Judge) -> int:
    """Return how many orders Metrica has in a status that ends nothing, or in one unknown."""
    ended = " union all ".join(
        _of_type(judge, type_, told=True) for type_ in ("PAID", "CANCELLED", "SPAM")
    )
    found = 0
    for entity in (ORDERS, SIMPLE_ORDERS):
        (rows,) = judge.wh.row(
            f"select count(*) from ({_last_told(judge.ledger.details(entity.name))}) "
            f"where coalesce(_status, '') not in ({ended})"
        )
        found += int(rows)
    return found


def _last_told(details: str) -> str:
    return (
        "select arg_max_null(_status, _upload_no) as _status "
        f"from {details} where _passed group by _id"
    )
