"""What a run is about to change in Metrica, counted before anything is sent."""

from exporter.entries import Changes
from exporter.judge import Judge
from exporter.manifest import Mart
from exporter.marts import DEFAULT_STATUSES, LISTS, ORDER_STATUSES
from exporter.sendable import Layout
from exporter.warehouse import HERE, name, quote


def find_changes(judge: Judge, mart: Mart) -> Changes:
    """Count what the sendable rows of a judged mart would change."""
    if mart.entity in LISTS:
        return Changes()
    layout = judge.layout(mart)
    wh = judge.wh
    has_status = any(c.name == "order_status" for c in mart.columns)
    has_date = any(c.name == "create_date_time" for c in mart.columns)
    status = "coalesce(x._pending, [x._status])" if has_status else "[]"
    make_status_types(judge)
    new, paid, moved, late, expiring = wh.row(
        f"""
        select
            count(*) filter (p._delivered is not true),
            count(*) filter (
                p._delivered
                and p._status not in (select _id from status_types where _type = 'PAID')
                and list_has_any(
                    {status},
                    (select coalesce(list(_id), []) from status_types where _type = 'PAID')
                )
            ),
            count(*) filter ({"p._created <> s.create_date_time" if has_date else "false"}),
            count(*) filter (x._deadline < {layout.now}),
            count(*) filter (
                x._deadline between {layout.now} and {layout.now} + interval '1 day'
            )
        from {_rows(mart)}
        """
    )
    reached = {}
    if has_status:
        reached = dict(
            wh.rows(
                f"""
                select status, count(*)
                from (
                    select unnest({status}) as status, p._status as before from {_rows(mart)}
                )
                where status is distinct from before
                group by status order by status
                """
            )
        )
    return Changes(new, paid, moved, late, expiring, _erased(judge, mart, layout), reached)


def _erased(judge: Judge, mart: Mart, layout: Layout) -> dict[str, int]:
    """Count, by column, the values that a SAVE would make empty (modes)."""
    if judge.form.merge_mode(mart.name) != "SAVE":
        return {}
    counts = ", ".join(
        f"count(*) filter (p._filled & ~x._filled & {1 << bit} <> 0)"
        for bit in layout.bits.values()
    )
    found = judge.wh.row(f"select {counts} from {_rows(mart)}")
    return {column: n for column, n in zip(layout.bits, found, strict=True) if n}


def _rows(mart: Mart) -> str:
    return (
        f"sendable_{mart.name} x join staged_{mart.name} s on s.rowid = x._row "
        f"left join prior_{mart.name} p on p._id = x._id where x._pos is not null"
    )


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
