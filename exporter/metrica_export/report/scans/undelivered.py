"""The mart rows that Metrica does not have in their present state.

Rows behind the watermark are delivered or have a verdict, as the last complete pass proved with
the checksum. So only rows at or after the watermark, and rows with a verdict, are compared with
the ledger; without a watermark, all rows are.
"""

from metrica_export.metrica.formats import LINK_DAYS, UPDATE_DAYS
from metrica_export.report.scans.order_groups import amount, status_path, text
from metrica_export.report.subject import Subject
from metrica_export.warehouse.connection import LEDGER, relation
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.sql import name, quote
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import UNDELIVERED, tables_of


def find_undelivered(subject: Subject) -> None:
    """Fill `undelivered` with the rows of all marts; `status_types` must be filled."""
    subject.wh.run(UNDELIVERED.create_empty())
    for mart in subject.marts:
        _find(subject, mart)


def _find(subject: Subject, mart: Mart) -> None:
    wh, ledger, tables = subject.wh, subject.ledger, tables_of(mart.name)
    verdicts = ledger.verdicts(mart.name)
    wh.run(f"create or replace table {tables['report_verdicts']} as select * from {verdicts}")
    rows = wh.remote(_rows(subject, mart))
    wh.run(f"create or replace table {tables['report_rows']} as select * from {rows}")
    ids = f"select _id from {tables['report_rows']}"
    wh.run(
        f"create or replace table {tables['report_deliveries']} as "
        f"select * from {ledger.details(mart.name, ids)} where _id in ({ids})"
    )
    wh.run(
        render(
            __package__,
            "undelivered",
            mart=quote(mart.name),
            has_deadline=mart.entity.has_deadline,
            link_days=LINK_DAYS,
            update_days=UPDATE_DAYS,
            **tables,
        )
    )


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
    """Return the query of the rows that may be undelivered.

    The two sets are apart, so that PostgreSQL finds each by an index.
    """
    key = _key(mart)
    columns = {"_id": key, "_hash": "cast(m.row_hash as text)", **_order_columns(mart)}
    selected = ", ".join(f'{value} as "{column}"' for column, value in columns.items())
    query = f"select {selected} from {relation(mart.schema, mart.table)} m"
    before = subject.ledger.watermark(mart.name)
    if before is None or before.updated_at is None:
        return query
    since = f"m.updated_at >= timestamptz {quote(before.updated_at)}"
    return (
        f"{query} where {since} or m.updated_at is null or m.{name(mart.entity.key)} is null "
        f"union {query} where {key} in {_judged(subject, mart)}"
    )


def _judged(subject: Subject, mart: Mart) -> str:
    """Return a subquery of the ids with a verdict."""
    verdicts = tables_of(mart.name)["report_verdicts"]
    ids = subject.wh.few(f"select _id from {verdicts}")
    return ids or (
        f"(select v.id from {LEDGER}.ledger_verdicts v where v.counter_id = {subject.counter_id} "
        f"and v.entity = {quote(mart.name)} and v.id is not null)"
    )
