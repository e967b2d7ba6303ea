"""The reasons of rejected and held rows: the most frequent ones, with a few ids each."""

from dataclasses import dataclass

from metrica_export.report.subject import Subject
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.sql import quote
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import tables_of

TOP = 10
IDS = 5
NEW_DAYS = 7


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason in one mart and column: its rows, their share of all such rows, and new ones.

    `new_rows` were first rejected or held within `NEW_DAYS`; `earlier_rows` in as many days
    before. `ids` are the newest ones.
    """

    reason: str
    mart: str
    column: str | None
    state: str
    rows: int
    share: float
    new_rows: int
    earlier_rows: int
    ids: list[str]


@dataclass(frozen=True, slots=True)
class Reasons:
    """The most frequent reasons, and the rows of all reasons."""

    top: tuple[Reason, ...]
    rows: int


def read_reasons(subject: Subject) -> Reasons:
    """Return the reasons of the rejected and held rows of all marts."""
    if not subject.ledger.exists:
        return Reasons((), 0)
    query = render(
        __package__,
        "reasons",
        ledger=LEDGER,
        zone=quote(subject.zone),
        new_since=subject.days_ago(NEW_DAYS),
        earlier_since=subject.days_ago(2 * NEW_DAYS),
        top=TOP,
        ids=IDS,
        **tables_of(subject.orders.name),
    )
    found = subject.wh.rows(query)
    top = tuple(Reason(*line[:-1]) for line in found)
    return Reasons(top, found[0][-1] if found else 0)
