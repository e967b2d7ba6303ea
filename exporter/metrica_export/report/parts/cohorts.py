"""Cohorts: orders that Metrica tied to visits, measured and forecast, by month of creation."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from metrica_export.report.subject import Subject
from metrica_export.warehouse.connection import LEDGER
from metrica_export.warehouse.sql import quote
from metrica_export.warehouse.sql_files import render


@dataclass(frozen=True, slots=True)
class Cohort:
    """The orders of one month at their last measurement.

    `tied` is None if Metrica did not answer; `expected` is None before the first forecast.
    `tied_paid` and `tied_revenue` are of orders with a paid status.
    """

    month: date
    measured_at: datetime
    delivered: int
    tied: int | None
    expected: float | None
    tied_revenue: Decimal | None
    by_type: tuple[tuple[str, int], ...]

    @property
    def rate(self) -> float | None:
        """The tied share of the delivered orders."""
        return None if self.tied is None or not self.delivered else self.tied / self.delivered

    @property
    def expected_rate(self) -> float | None:
        """The forecast share of tied orders."""
        known = self.expected is not None and self.delivered
        return self.expected / self.delivered if known and self.expected is not None else None


def read_cohorts(subject: Subject) -> tuple[Cohort, ...]:
    """Return the measured months of the report, oldest first."""
    if not subject.ledger.exists:
        return ()
    query = render(
        __package__,
        "cohorts",
        ledger=LEDGER,
        counter_id=subject.counter_id,
        zone=quote(subject.zone),
        first_month=f"date '{subject.first_month}'",
    )
    return tuple(_cohort(*line) for line in subject.wh.rows(query))


def _cohort(*line: object) -> Cohort:
    *values, types, counts = line
    assert isinstance(types, list)  # noqa: S101 - DuckDB's lists
    assert isinstance(counts, list)  # noqa: S101
    return Cohort(*values, by_type=tuple(zip(types, counts, strict=True)))  # type: ignore[arg-type]
