"""Tied orders in Metrica's report by the day of the visit, summed up by cohort.

Metrica puts an order on the day of its visit and tells no order's own date. The orders tied on the
days of a month are therefore close to those of the month's cohort: orders whose visit was in the
month before are missing, and orders of the next month whose visit was in this one are added. The
orders tied in the cohort's whole window of visits, which has 21 more days, are an upper bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from math import isclose

from metrica_export.commands.measure.cohorts import Cohort, days_of_visits
from metrica_export.errors import MetricaError, UnknownRateError
from metrica_export.metrica.http import BadRequestError
from metrica_export.metrica.reports import MAX_METRICS, Report, Reports, Row

VISITS = "ym:s:visits"
DATE = "ym:s:date"
ORDERS = "ym:s:cdpOrdersAllOrders"
BY_TYPE = {
    "in_progress": "ym:s:cdpOrdersInProgress",
    "paid": "ym:s:cdpOrdersPayed",
    "cancelled": "ym:s:cdpOrdersCancelled",
    "spam": "ym:s:cdpOrdersSpam",
    "other": "ym:s:cdpOrdersOther",
}
REVENUE, PROFIT = "ym:s:cdpOrdersRUBRevenue", "ym:s:cdpOrdersRUBProfit"


@dataclass(frozen=True, slots=True)
class Tied:
    """The sums of one cohort: on the days of its month, and in its whole window of visits.

    A metric that Metrica refused is missing in both.
    """

    in_month: dict[str, float]
    in_window: dict[str, float]

    def by_type(self) -> dict[str, int | None]:
        """Return the tied orders by status type; None if Metrica refused the metric."""
        return {name: _count(self.in_month, metric) for name, metric in BY_TYPE.items()}

    def all(self) -> int | None:
        """Return all tied orders."""
        return _all(self.in_month)

    def at_most(self) -> int | None:
        """Return all orders that are tied to visits of the window."""
        return _all(self.in_window)


@dataclass(frozen=True, slots=True)
class TiedOrders:
    """Tied orders by cohort. `refused` are the metrics that Metrica refused, with its words."""

    by_cohort: dict[Cohort, Tied]
    refused: dict[str, str]
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class TiedReport:
    """The report of tied orders: asks for all metrics at once, without those Metrica refuses."""

    reports: Reports
    goals: dict[str, int]
    refused: dict[str, str] = field(default_factory=dict)

    def read(self, cohorts: Sequence[Cohort], today: date) -> TiedOrders:
        """Return the tied orders. Raises UnknownRateError for a sampled or incomplete answer."""
        goals = [
            f"ym:s:goal{n}{what}" for n in self.goals.values() for what in ("visits", "reaches")
        ]
        wanted = (VISITS, ORDERS, *BY_TYPE.values(), REVENUE, PROFIT, *goals)[:MAX_METRICS]
        days = days_of_visits(cohorts, today)
        answers = self._ask(wanted, days)
        for _, report in answers:
            check_complete(report)
        by_cohort = {
            cohort: Tied(
                _summed(answers, cohort.first, cohort.end, with_end=False),
                _summed(answers, *cohort.window, with_end=True),
            )
            for cohort in cohorts
        }
        return TiedOrders(by_cohort, self.refused, any(r.is_hidden for _, r in answers))

    def _ask(
        self, metrics: tuple[str, ...], days: tuple[date, date]
    ) -> list[tuple[tuple[str, ...], Report]]:
        """Ask for metrics; halve their list while Metrica refuses it, until the bad ones are alone.

        Metrica's text is no source for the name of a bad metric: its form is not documented.
        """
        try:
            return [(metrics, self.reports.sums(metrics, days, (DATE,)))]
        except BadRequestError as error:
            if VISITS in metrics:
                # Metrica knows this metric, so the fault is in the others, or this raises.
                alone = self.reports.sums((VISITS,), days, (DATE,))
                rest = tuple(metric for metric in metrics if metric != VISITS)
                return [((VISITS,), alone), *self._ask(rest, days)]
            if len(metrics) == 1:
                self.refused[metrics[0]] = str(error)
                return []
            half = len(metrics) // 2
            return [*self._ask(metrics[:half], days), *self._ask(metrics[half:], days)]


def check_complete(report: Report) -> None:
    """Raise UnknownRateError for a sampled answer, and for one that lacks rows."""
    if report.is_sampled:
        share = "" if report.share is None else f" ({100 * report.share:.3g} % of the visits)"
        raise UnknownRateError(
            f"Metrica sampled its answer{share}, so it has no counts of orders. Nothing was "
            "recorded. Rerun later, or with one --cohort."
        )
    by_metric = zip(*(row.values for row in report.rows), strict=True)
    sums = [sum(value or 0.0 for value in values) for values in by_metric] or [0.0]
    totals = [total or 0.0 for total in report.totals]
    is_equal = not report.rows or all(
        isclose(total, summed, rel_tol=1e-6, abs_tol=0.01)
        for total, summed in zip(totals, sums, strict=True)
    )
    if not report.has_all_rows or not is_equal or (any(totals) and not report.rows):
        raise UnknownRateError(
            "Metrica's answer lacks days that its totals have, so the counts by month are unknown. "
            "Nothing was recorded. Rerun later."
        )


def _summed(
    answers: list[tuple[tuple[str, ...], Report]], first: date, last: date, *, with_end: bool
) -> dict[str, float]:
    sums: dict[str, float] = {}
    for metrics, report in answers:
        for place, metric in enumerate(metrics):
            sums[metric] = sum(
                row.values[place] or 0.0
                for row in report.rows
                if first <= (day := day_of(row)) and (day < last or (with_end and day == last))
            )
    return sums


def day_of(row: Row, place: int = 0) -> date:
    """Return the day of a row. Raises MetricaError if its name is none."""
    try:
        return date.fromisoformat(row.names[place] or "")
    except ValueError:
        raise MetricaError(
            "Metrica's report by days has a row without a date. Check that --api-url is Metrica's "
            "API, and rerun."
        ) from None


def _count(sums: dict[str, float], metric: str) -> int | None:
    return round(sums[metric]) if metric in sums else None


def _all(sums: dict[str, float]) -> int | None:
    """Return the sum over all status types.

    Whether the metric of all orders counts spam is open, so it is the last resort.
    """
    counts = [_count(sums, metric) for metric in BY_TYPE.values()]
    known = [n for n in counts if n is not None]
    return sum(known) if len(known) == len(counts) else _count(sums, ORDERS)
