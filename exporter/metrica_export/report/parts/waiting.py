"""The headline's counts: rows that wait, orders near or past their deadline."""

from dataclasses import dataclass

from metrica_export.report.subject import Subject
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import tables_of

EXPIRED_DAYS = 7
"""Days for which an order counts as expired after its deadline."""

SOON_DAYS = 3
"""Days before its deadline in which a waiting order counts as `soon`."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The rows that Metrica does not have in their present state.

    `expiring` orders wait and pass their deadline within 24 hours, `soon` ones within `SOON_DAYS`.
    `soon_changed` of these are in Metrica and have a change that is not delivered. `expired`
    orders wait, were never delivered and passed their deadline in the last days.
    """

    pending: int
    held: int
    rejected: int
    expiring: int
    soon: int
    soon_changed: int
    expired: int


def read_waiting(subject: Subject) -> Waiting:
    """Return the counts of undelivered rows of all marts."""
    query = render(
        __package__,
        "waiting",
        now=subject.sql_now,
        soon_days=SOON_DAYS,
        expired_since=subject.days_ago(EXPIRED_DAYS),
        **tables_of(subject.orders.name),
    )
    return Waiting(*subject.wh.row(query))
