"""The impact of a run: counted irreversible changes in Metrica, before the first upload."""

from dataclasses import dataclass

from metrica_export.checks.sendable import early_hash, filled_cells, problem_deadlines, rows
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.ledger.reader import Ledger
from metrica_export.ledger.records import Changes, EntityCounts
from metrica_export.metrica.formats import DEFAULT_STATUSES, ENTITIES, ORDER_STATUSES, ORDERS
from metrica_export.review.status_mapping import mart_of
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Marts
from metrica_export.warehouse.filters import rows_of
from metrica_export.warehouse.session import Session
from metrica_export.warehouse.sql import quote
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import DELIVERED_STATE, tables_of


@dataclass(frozen=True, slots=True)
class ReviewedMart:
    """A validated mart with the counts of its rows and its impact, before anything is sent."""

    staged: StagedMart
    counts: EntityCounts
    changes: Changes


def find_impact(session: Session, ledger: Ledger, staged: StagedMart) -> Changes:
    """Return the impact of the sendable rows of a validated mart."""
    wh, marts = session.wh, session.marts
    vanished = staged.delta.vanished
    if not staged.rows:
        return Changes(vanished=vanished)
    if staged.mart.entity is ORDER_STATUSES:
        return Changes(paid=_count_remapped_to_paid(wh, ledger, marts))
    if staged.mart.entity.is_reference_list:
        return Changes()
    sendable = rows(staged)
    total, late, expiring = wh.row(render(__package__, "deadlines", rows=sendable, now=staged.now))
    reached = dict(wh.rows(render(__package__, "reached_statuses", rows=sendable)))
    delivered = paid = moved = 0
    erased: dict[str, int] = {}
    if wh.rows(f"select 1 from {staged.of(DELIVERED_STATE)} limit 1"):
        delivered, paid, moved, erased = _count_delivered(wh, ledger, marts, staged)
        tables = tables_of(staged.name)
        for status, orders in wh.rows(
            render(__package__, "repeated_statuses", rows=sendable, **tables)
        ):
            reached[status] -= orders
    return Changes(
        new=total - delivered,
        paid=paid,
        moved=moved,
        late=late,
        expiring=expiring,
        vanished=vanished,
        erased=erased,
        reached={status: orders for status, orders in sorted(reached.items()) if orders},
    )


def count_unsendable_expiring(wh: Attached, staged: StagedMart) -> int:
    """Return the number of staged orders with a problem that will be past the window in a day."""
    if not staged.rows or not staged.mart.entity.has_deadline:
        return 0
    found = problem_deadlines(staged)
    *_, expiring = wh.row(render(__package__, "deadlines", rows=found, now=staged.now))
    return int(expiring)


def _count_delivered(
    wh: Attached, ledger: Ledger, marts: Marts, staged: StagedMart
) -> tuple[int, int, int, dict[str, int]]:
    """Compare the sendable rows with their delivered state.

    Returns the counts of delivered rows, of orders that turn PAID, of changed creation dates,
    and the count of values that become empty by column.
    """
    mart, bits = staged.mart, {} if staged.keeps_omitted else staged.bits
    lost = "".join(
        f", count(*) filter (p._filled & ~{filled_cells(staged)} & {1 << bit} <> 0)"
        for bit in bits.values()
    )
    has_date = mart.has("create_date_time")
    query = render(
        __package__,
        "delivered_impact",
        rows=rows(staged),
        early_hash=early_hash("p._step"),
        delivered_paid_statuses=_statuses_of_type(ledger, marts, "PAID", delivered=True),
        paid_statuses=_statuses_of_type(ledger, marts, "PAID"),
        is_moved="p._created <> s.create_date_time" if has_date else "false",
        lost=lost,
        **tables_of(staged.name),
    )
    delivered, paid, moved, *counts = wh.row(query)
    erased = {column: count for column, count in zip(bits, counts, strict=True) if count}
    return delivered, paid, moved, erased


def _statuses_of_type(ledger: Ledger, marts: Marts, type_: str, *, delivered: bool = False) -> str:
    """Return the query of the statuses (`_id`) of a type.

    The mart's mapping gives the types. With `delivered`, Metrica's mapping comes first.
    """
    own = quote(type_) if type_ in DEFAULT_STATUSES else "null"
    mapped = [f"select {own} as _id, {quote(type_)} as _type"]
    if (mart := mart_of(marts)) is not None:
        table = rows_of(mart)
        mapped.append(f"select cast(m.id as text), m.type from {table} m")
    types = " union all ".join(mapped)
    if delivered:
        sent = ledger.statuses()
        types = (
            f"select _id, _type from {sent} union all select _id, _type from ({types}) "
            f"where _id not in (select _id from {sent})"
        )
    return f"select _id from ({types}) as types where _type = {quote(type_)} and _id is not null"


def _count_remapped_to_paid(wh: Attached, ledger: Ledger, marts: Marts) -> int:
    """Count the orders that turn PAID because the mapping of their status changes."""
    became = (
        f"select _id from ({_statuses_of_type(ledger, marts, 'PAID')}) "
        f"where _id in (select _id from {ledger.statuses()} where _type <> 'PAID')"
    )
    if not wh.rows(f"{became} limit 1"):
        return 0
    orders = _delivered_statuses(ledger.details(ORDERS.name))
    (found,) = wh.row(f"select count(*) from ({orders}) where _status in ({became})")
    return int(found)


def count_open_orders(session: Session, ledger: Ledger) -> int:
    """Return the number of delivered orders in a status of type IN_PROGRESS, OTHER or unknown."""
    closed = " union all ".join(
        _statuses_of_type(ledger, session.marts, type_, delivered=True)
        for type_ in ("PAID", "CANCELLED", "SPAM")
    )
    found = 0
    for entity in ENTITIES:
        if entity.has_status:
            orders = _delivered_statuses(ledger.details(entity.name))
            (count,) = session.wh.row(
                f"select count(*) from ({orders}) where coalesce(_status, '') not in ({closed})"
            )
            found += int(count)
    return found


def _delivered_statuses(details: str) -> str:
    return (
        "select arg_max_null(_status, _upload_no) as _status "
        f"from {details} where _passed group by _id"
    )
