"""Deadlines: new orders by days left to be tied to a visit, delivered ones to be updated."""

from dataclasses import dataclass

from metrica_export.metrica.formats import LINK_DAYS, UPDATE_DAYS
from metrica_export.report.subject import Subject
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import tables_of

WEEK = 7


@dataclass(frozen=True, slots=True)
class LinkDay:
    """The orders with so many whole days left in which Metrica ties a new order to a visit."""

    days_left: int
    delivered: int
    waiting: int
    rejected: int


@dataclass(frozen=True, slots=True)
class UpdateWeek:
    """The delivered orders with `days_left` to `days_left + 6` days in which updates count.

    `open` orders are in progress; `closed` ones have a final type of status.
    """

    days_left: int
    open: int
    closed: int


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Orders by days left, soonest deadline first."""

    link: tuple[LinkDay, ...]
    update: tuple[UpdateWeek, ...]


def read_deadlines(subject: Subject) -> Deadlines:
    """Return the orders whose deadlines are ahead."""
    tables = tables_of(subject.orders.name)
    values = {"today": f"cast({subject.sql_now} as date)"}
    link = render(__package__, "link_deadlines", link_days=LINK_DAYS, **values, **tables)
    update = render(__package__, "update_deadlines", update_days=UPDATE_DAYS, **values, **tables)
    return Deadlines(
        tuple(LinkDay(*line) for line in subject.wh.rows(link)),
        tuple(UpdateWeek(*line) for line in subject.wh.rows(update)),
    )
