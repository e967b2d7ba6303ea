"""Cohorts: orders that Metrica tied to visits, measured and forecast, by month of creation."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from zoneinfo import ZoneInfo

from metrica_export.ledger import measurements
from metrica_export.ledger.measurements import ALL, Measurement
from metrica_export.report.subject import Subject

_PAID = "paid"


@dataclass(frozen=True, slots=True)
class Cohort:
    """The delivered orders of one month at their last measurement.

    `in_window` orders arrived within 21 days; Metrica ties no others. `tied` is None if Metrica's
    answer was not split in this way, `expected` before the first forecast. `tied_by_type` has the
    types of status whose orders Metrica counted, `tied_revenue` is that of paid orders.
    """

    month: date
    measured_at: datetime
    delivered: int
    in_window: int
    tied: int | None
    expected: float | None
    tied_revenue: Decimal | None
    tied_by_type: dict[str, int]

    @property
    def rate(self) -> float | None:
        """The tied share of the delivered orders."""
        return _share(self.tied, self.delivered)

    @property
    def expected_rate(self) -> float | None:
        """The forecast share of tied orders."""
        return _share(self.expected, self.delivered)


def _share(part: float | None, whole: int) -> float | None:
    return None if part is None or not whole else part / whole


def _finite(value: float | None) -> float | None:
    # The column also takes infinity and NaN, which JSON and charts cannot show.
    return value if value is not None and isfinite(value) else None


def read_cohorts(subject: Subject) -> tuple[Cohort, ...]:
    """Return the measured months of the report, oldest first."""
    of_month: dict[date, dict[str, Measurement]] = {}
    for line in measurements.latest(subject.wh, subject.ledger):
        if line.identifiers == ALL and line.cohort >= subject.first_month:
            of_month.setdefault(line.cohort, {})[line.status_type] = line
    return tuple(
        _cohort(lines, subject.zone) for _, lines in sorted(of_month.items()) if ALL in lines
    )


def _cohort(lines: dict[str, Measurement], zone: str) -> Cohort:
    every = lines[ALL]
    assert every.measured_at is not None  # noqa: S101 - the ledger has it
    return Cohort(
        month=every.cohort,
        measured_at=every.measured_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None),
        delivered=every.delivered,
        in_window=every.in_window,
        tied=every.tied,
        expected=_finite(every.expected),
        tied_revenue=lines[_PAID].revenue if _PAID in lines else None,
        tied_by_type={
            status_type: line.tied
            for status_type, line in lines.items()
            if status_type != ALL and line.tied is not None
        },
    )
