"""The result of `measure`: one measured cohort, its lines for the ledger, and its caveats."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from metrica_export.commands.measure.cohorts import Cohort
from metrica_export.commands.measure.tied import PROFIT, REVENUE, Tied
from metrica_export.commands.measure.visitors import ByClient
from metrica_export.ledger.delivered_orders import CURRENCY, OrderCount
from metrica_export.ledger.measurements import ALL, KINDS, STATUS_TYPES, Measurement
from metrica_export.review.forecast import Rates

CAVEATS = (
    "A rate is no proof: Metrica's reports are sums by the day of the visit, not lists of orders.",
    "Tied: the orders on the month's days. An order can stand in the month before, with its visit.",
    "Tied at most: the orders on the month's days, on the 21 days before, and on the day after.",
    "Orders that other programs or people uploaded to the counter count as tied orders too.",
    "In window: the orders that arrived within 21 days of their creation. Metrica ties no others.",
    "Without a ClientID, Metrica needs the visitor's e-mail or phone from the site.",
    f"Revenue and profit are those of paid orders in {CURRENCY}, as Metrica reports them.",
    "Fewer tied orders than delivered ones are normal: orders by phone or in a shop have no visit.",
)
"""What a reader of a rate has to know."""


@dataclass(frozen=True, slots=True)
class MeasuredCohort:
    """One cohort: delivered orders by the ledger, tied ones by Metrica, and the forecast.

    `by_client` is None unless ClientIDs were looked up; `rates` is None before the first
    measurement.
    """

    cohort: Cohort
    counts: list[OrderCount]
    tied: Tied
    rates: Rates | None
    goals: dict[str, int]
    by_client: ByClient | None = None

    def lines(self) -> list[Measurement]:
        """Return the measurement as lines of the ledger."""
        by_type = self.tied.by_type()
        return [
            self._line(ALL, ALL, tied=self.tied.all(), expected=self._expected(KINDS)),
            *(
                self._line(
                    name,
                    ALL,
                    tied=by_type[name],
                    revenue=self._money(REVENUE) if name == "paid" else None,
                    delivered_revenue=self.delivered_revenue if name == "paid" else None,
                )
                for name in STATUS_TYPES
            ),
            *(
                self._line(ALL, kind, tied=self._tied_by(kind), expected=self._expected((kind,)))
                for kind in KINDS
            ),
        ]

    @property
    def delivered_revenue(self) -> Decimal:
        """The revenue of delivered paid orders, as the mart has it."""
        return sum((c.revenue for c in self.counts), Decimal(0))

    def _line(self, status_type: str, identifiers: str, **known: Any) -> Measurement:
        of_line = [
            c
            for c in self.counts
            if status_type in (ALL, c.status_type) and identifiers in (ALL, c.identifiers)
        ]
        return Measurement(
            self.cohort.first,
            status_type,
            identifiers,
            sum(c.delivered for c in of_line),
            sum(c.in_window for c in of_line),
            **known,
        )

    def _expected(self, kinds: tuple[str, ...]) -> float | None:
        if self.rates is None:
            return None
        orders = {k: sum(c.in_window for c in self.counts if c.identifiers == k) for k in kinds}
        return round(self.rates.expected(orders), 1)

    def _tied_by(self, kind: str) -> int | None:
        is_known = kind == "client_id" and self.by_client and self.by_client.is_complete
        return self.by_client.tied if self.by_client and is_known else None

    def _money(self, metric: str) -> Decimal | None:
        value = self.tied.in_month.get(metric)
        return None if value is None else Decimal(repr(value)).quantize(Decimal("0.01"))

    def as_dict(self) -> dict[str, Any]:
        """Return the cohort for JSON."""
        total, *others = self.lines()
        types, kinds = others[: len(STATUS_TYPES)], others[len(STATUS_TYPES) :]
        return {
            "cohort": str(self.cohort),
            "delivered": total.delivered,
            "in_window": total.in_window,
            "tied": total.tied,
            "tied_at_most": self.tied.at_most(),
            "rate": total.rate,
            "expected": total.expected,
            "rates_from": [f"{month:%Y-%m}" for month in self.rates.cohorts] if self.rates else [],
            "status_types": {
                line.status_type: {
                    "delivered": line.delivered,
                    "tied": line.tied,
                    "rate": line.rate,
                }
                for line in types
            },
            "identifiers": {
                line.identifiers: {
                    "delivered": line.delivered,
                    "in_window": line.in_window,
                    "tied": line.tied,
                    "expected": line.expected,
                }
                for line in kinds
            },
            "money": {
                "currency": CURRENCY,
                "delivered_revenue": float(self.delivered_revenue),
                "revenue": self.tied.in_month.get(REVENUE),
                "profit": self.tied.in_month.get(PROFIT),
            },
            "goals": {
                goal: {
                    what: _count(self.tied.in_month.get(f"ym:s:goal{number}{what}"))
                    for what in ("visits", "reaches")
                }
                for goal, number in sorted(self.goals.items())
            },
            "by_client": self.by_client
            and {
                "orders": self.by_client.orders,
                "left_out": self.by_client.left_out,
                "unknown_visitor": self.by_client.unknown,
                "tied": self.by_client.tied,
                "visits_without_tie": self.by_client.with_visits,
            },
        }


@dataclass(slots=True)
class Result:
    """The result of one `measure`. Without CRM goals no cohort was measured.

    `refused` are the metrics that Metrica refused. `notes` are facts of this measurement.
    """

    counter_id: int
    time_zone: str
    cohorts: list[MeasuredCohort] = field(default_factory=list)
    measured_at: datetime | None = None
    refused: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    requests: int = 0

    def below(self, least: float) -> list[MeasuredCohort]:
        """Return the cohorts whose rate is below a threshold.

        Cohorts without an order in the window do not count, since nothing in them can be tied.
        """
        totals = [(cohort, cohort.lines()[0]) for cohort in self.cohorts]
        return [
            cohort
            for cohort, line in totals
            if line.in_window and line.rate is not None and line.rate < least
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the result for JSON, without the exit code."""
        return {
            "counter": self.counter_id,
            "time_zone": self.time_zone,
            "measured_at": self.measured_at and self.measured_at.isoformat(),
            "cohorts": [cohort.as_dict() for cohort in self.cohorts],
            "refused_metrics": sorted(self.refused),
            "notes": self.notes,
            "caveats": list(CAVEATS),
            "requests": self.requests,
        }


def _count(value: float | None) -> int | None:
    return None if value is None else round(value)
