"""Status paths: how many orders reached each status, and the hours between two statuses."""

from dataclasses import dataclass

from metrica_export.report.subject import Subject
from metrica_export.warehouse.connection import LEDGER, relation
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import tables_of

TOP = 12
"""Statuses that the report shows, most frequent first."""

RECENT_ORDERS = 5_000
"""Orders whose deliveries give the median hours: those that changed last."""


@dataclass(frozen=True, slots=True)
class Step:
    """One order status: orders that have been through it, and how many of these are still to send.

    `median_hours` is the time from the status before it to this one, as they reached Metrica in
    different runs; `measured` orders have such a pair.
    """

    status: str
    name: str | None
    status_type: str | None
    orders: int
    to_send: int
    median_hours: float | None
    measured: int


def read_steps(subject: Subject) -> tuple[Step, ...]:
    """Return the most frequent statuses of the report's months, in the order of the paths."""
    wh, tables = subject.wh, tables_of(subject.orders.name)
    table = relation(subject.orders.schema, subject.orders.table)
    newest = (
        f'select cast(m.id as text) as "_id" from {table} m where m.updated_at is not null '
        f"order by m.updated_at desc limit {RECENT_ORDERS}"
    )
    wh.run(f"create or replace table {tables['recent_ids']} as select * from {wh.remote(newest)}")
    among = f"select _id from {tables['recent_ids']}"
    query = render(
        __package__,
        "steps",
        details=subject.ledger.details(subject.orders.name, among),
        ledger=LEDGER,
        has_ledger=subject.ledger.exists,
        first_month=f"date '{subject.first_month}'",
        today=f"cast({subject.sql_now} as date)",
        top=TOP,
        **tables,
    )
    return tuple(Step(*line) for line in wh.rows(query))
