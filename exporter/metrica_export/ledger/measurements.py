"""Measurements of tied orders in the ledger. Each one is added, and none is ever changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from metrica_export.ledger.reader import Ledger
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.sql import quote
from metrica_export.warehouse.sql_files import render

ALL = "all"
STATUS_TYPES = ("in_progress", "paid", "cancelled", "spam", "other")
KINDS = ("client_id", "phone", "email", "hash", "none")
"""Kinds of identifiers, the strongest first. An order counts for its strongest one."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One line of `tied_orders`; the migration explains its columns."""

    cohort: date
    status_type: str
    identifiers: str
    delivered: int
    in_window: int
    tied: int | None = None
    expected: float | None = None
    revenue: Decimal | None = None
    delivered_revenue: Decimal | None = None
    measured_at: datetime | None = None

    @property
    def rate(self) -> float | None:
        """Tied orders for each delivered order; None if one of them is unknown or zero."""
        return self.tied / self.delivered if self.tied is not None and self.delivered else None


def record(wh: Attached, counter_id: int, lines: Sequence[Measurement]) -> datetime:
    """Add one measurement to the ledger; return its time by the warehouse's clock."""
    values = ", ".join(
        f"({counter_id}, date {quote(line.cohort.isoformat())}, {quote(line.status_type)}, "
        f"{quote(line.identifiers)}, {line.delivered}, {line.in_window}, {_sql(line.tied)}, "
        f"{_sql(line.expected)}, {_sql(line.revenue)}, {_sql(line.delivered_revenue)}, now())"
        for line in lines
    )
    with wh.transaction():
        wh.command(f"insert into {LEDGER}.tied_orders values {values}")
    (at,) = wh.row(
        f"select epoch_us(max(measured_at)) from {LEDGER}.tied_orders where counter_id = ?",
        [counter_id],
    )
    return _moment(at)


def latest(wh: Attached, ledger: Ledger) -> list[Measurement]:
    """Return the lines of each cohort's latest measurement, oldest cohort first."""
    if not ledger.exists:
        return []
    query = render(__package__, "latest_measurements", ledger=LEDGER, counter_id=ledger.counter_id)
    rows = wh.rows(
        f"select * exclude (measured_at), epoch_us(measured_at) from {wh.remote(query)} order by 1"
    )
    return [replace(Measurement(*row), measured_at=_moment(row[-1])) for row in rows]


def _moment(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


def _sql(value: float | Decimal | None) -> str:
    return "null" if value is None else f"{value:f}" if isinstance(value, Decimal) else repr(value)
