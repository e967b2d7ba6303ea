"""What a run is about to change in Metrica, counted before anything is sent."""

from exporter.entries import Changes
from exporter.judge import Judge
from exporter.manifest import Mart
from exporter.marts import DEFAULT_STATUSES, LISTS, ORDER_STATUSES
from exporter.sendable import filled_cells
from exporter.warehouse import HERE, name, quote


def find_changes(judge: Judge, mart: Mart) -> Changes:
    """Count what the sendable rows of a judged mart would change."""
    if mart.entity in LISTS:
        return Changes()
    wh, now = judge.wh, judge.layout(mart).now
    total, late, expiring = wh.row(
        f"""
        select
            count(*),
            count(*) filter (_deadline < {now}),
            count(*) filter (_deadline between {now} and {now} + interval '1 day')
        from sendable_{mart.name}
        """
    )
    reached = dict(
        wh.rows(
            f"""
            select status, count(*)
            from (
                select unnest(coalesce(_pending, [_status])) as status from sendable_{mart.name}
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
        erased=erased,
        reached={status: rows for status, rows in sorted(reached.items()) if rows},
    )


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
    has_date = any(c.name == "create_date_time" for c in mart.columns)
    lost = "".join(
        f", count(*) filter (p._filled & ~{filled_cells(mart, layout)} & {1 << bit} <> 0)"
        for bit in bits.values()
    )
    make_status_types(judge)
    rows = (
        f"prior_{mart.name} p join staged_{mart.name} s on s._id = p._id "
        f"join sendable_{mart.name} x on x._row = s.rowid"
    )
    statuses = "coalesce(x._pending, [x._status])"
    known, paid, moved, *counts = wh.row(
        f"""
        select
            count(*) filter (p._delivered),
            count(*) filter (
                p._delivered
                and p._status not in (select _id from status_types where _type = 'PAID')
                and list_has_any(
                    {statuses},
                    (select coalesce(list(_id), []) from status_types where _type = 'PAID')
                )
            ),
            count(*) filter ({"p._created <> s.create_date_time" if has_date else "false"}) {lost}
        from {rows}
        """
    )
    same = wh.rows(
        f"select status, count(*) from (select unnest({statuses}) as status, p._status as before "
        f"from {rows}) where status = before group by status"
    )
    erased = {column: n for column, n in zip(bits, counts, strict=True) if n}
    return known, paid, moved, dict(same), erased


def make_status_types(judge: Judge) -> None:
    """Make `status_types` (`_id`, `_type`): what each status means to Metrica."""
    own = " union all ".join(f"select {quote(s)}, {quote(s)}" for s in DEFAULT_STATUSES)
    mapped = ""
    for mart in judge.marts.all:
        if mart.entity is ORDER_STATUSES:
            relation = f"{HERE}{name(mart.schema)}.{name(mart.table)}"
            mapped = f"select cast(id as text) as _id, type as _type from {relation} union all"
    judge.wh.run(
        "create or replace table status_types as select _id, any_value(_type) as _type "
        f"from ({mapped} {own}) as types (_id, _type) where _id is not null group by _id"
    )


def open_orders(judge: Judge, mart: Mart) -> int:
    """Return how many orders Metrica has in a status of the type IN_PROGRESS."""
    (rows,) = judge.wh.row(
        f"""
        select count(*)
        from (
            select arg_max(_status, _upload_no) as _status
            from {judge.ledger.details(mart.name)} where _passed group by _id
        )
        where _status in (select _id from status_types where _type = 'IN_PROGRESS')
        """
    )
    return int(rows)
