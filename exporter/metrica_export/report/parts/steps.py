"""Status paths: how many orders reached each status, and the hours between two statuses."""

from dataclasses import dataclass

from metrica_export.report.subject import Subject, day
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import tables_of

TOP = 12
"""Statuses that the report shows, most frequent first."""


@dataclass(frozen=True, slots=True)
class Step:
    """One order status: orders that have been through it, and how many of these are still to send.

    `rejected` orders are rejected, and Metrica does not have them in this status.
    `median_hours` is the time from the status before it to this one, as they reached Metrica in
    different runs; `measured` orders have such a pair.
    """

    status: str
    name: str | None
    status_type: str | None
    orders: int
    to_send: int
    rejected: int
    median_hours: float | None
    measured: int


def read_steps(subject: Subject) -> tuple[Step, ...]:
    """Return the most frequent statuses of the report's months, in the order of a sale."""
    query = render(
        __package__,
        "steps",
        ledger=LEDGER,
        has_ledger=subject.ledger.exists,
        first_month=day(subject.first_month),
        tomorrow=day(subject.tomorrow),
        top=TOP,
        **tables_of(subject.orders.name),
    )
    return tuple(Step(*line) for line in subject.wh.rows(query))
