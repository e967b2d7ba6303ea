"""The mart rows that Metrica does not have in their present state.

Rows behind the watermark are delivered or have a verdict, as the last complete pass proved with
the checksum. So only rows at or after the watermark, and rows with a verdict, are compared with
the ledger; without a watermark, all rows are.
"""

from metrica_export.metrica.formats import LINK_DAYS, UPDATE_DAYS
from metrica_export.report.scans.order_groups import amount, status_path, text
from metrica_export.report.subject import Subject
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.filters import rows_of
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.sql import name, quote
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import tables_of

RECENT_ORDERS = 2_000
"""Orders that changed last, whose deliveries give the hours between statuses."""


def find_undelivered(subject: Subject, mart: Mart) -> None:
    """Add the undelivered rows of a mart to `undelivered`, from its rows, verdicts and deliveries.

    `status_types` must be filled.
    """
    wh, tables = subject.wh, tables_of(mart.name)
    verdicts = subject.ledger.verdicts(mart.name)
    wh.run(f"create or replace table {tables['report_verdicts']} as select * from {verdicts}")
    rows = wh.remote(_rows(subject, mart))
    wh.run(f"create or replace table {tables['report_rows']} as select * from {rows}")
    ids = f"select _id from {tables['report_rows']}"
    if mart is subject.orders:
        _read_recent_ids(subject)
        ids = f"{ids} union select _id from {tables['recent_ids']}"
    wh.run(
        f"create or replace table {tables['report_deliveries']} as "
        f"select * from {subject.ledger.details(mart.name, ids)} where _id in ({ids})"
    )
    comparison = render(
        __package__,
        "undelivered",
        mart=quote(mart.name),
        has_deadline=mart.entity.has_deadline,
        link_days=LINK_DAYS,
        update_days=UPDATE_DAYS,
        **tables,
    )
    wh.run(comparison)


def _read_recent_ids(subject: Subject) -> None:
    newest = (
        f'select {_key(subject.orders)} as "_id" from {rows_of(subject.orders)} m '
        f"where m.updated_at is not null order by m.updated_at desc limit {RECENT_ORDERS}"
    )
    table = tables_of(subject.orders.name)["recent_ids"]
    subject.wh.run(f"create or replace table {table} as select * from {subject.wh.remote(newest)}")


def _key(mart: Mart) -> str:
    return f"cast(m.{name(mart.entity.key)} as text)"


def _order_columns(mart: Mart) -> dict[str, str]:
    if not mart.entity.has_deadline:
        return {}
    return {
        "_created": "case when m.create_date_time between timestamp '1970-01-01' "
        "and timestamp '9999-12-31' then m.create_date_time end",
        "_status": "cast(m.order_status as text)",
        "_path": status_path(mart, "m"),
        "_currency": text(mart, "currency", "m"),
        "_revenue": amount(mart, "m"),
    }


def _rows(subject: Subject, mart: Mart) -> str:
    # Two queries, so that PostgreSQL finds the rows of each by an index.
    key = _key(mart)
    columns = {"_id": key, "_hash": "cast(m.row_hash as text)", **_order_columns(mart)}
    selected = ", ".join(f'{value} as "{column}"' for column, value in columns.items())
    query = f"select {selected} from {rows_of(mart)} m"
    before = subject.ledger.watermark(mart.name)
    if before is None or before.updated_at is None:
        return query
    recent = (
        f"(m.updated_at >= timestamptz {quote(before.updated_at)} or m.updated_at is null "
        f"or {key} is null)"
    )
    judged = f"not {recent} and {key} in {_judged(subject, mart)}"
    return f"{query} where {recent} union all {query} where {judged}"


def _judged(subject: Subject, mart: Mart) -> str:
    """Return a subquery of the ids with a verdict."""
    verdicts = tables_of(mart.name)["report_verdicts"]
    ids = subject.wh.few(f"select _id from {verdicts}")
    return ids or (
        f"(select v.id from {LEDGER}.ledger_verdicts v where v.counter_id = {subject.counter_id} "
        f"and v.entity = {quote(mart.name)} and v.id is not null)"
    )
