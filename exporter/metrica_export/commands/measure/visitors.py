"""Tied orders by ClientID, and the visitors whom the counter does not know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from metrica_export.commands.measure.cohorts import Cohort, days_of_visits
from metrica_export.commands.measure.tied import BY_TYPE, DATE, VISITS, check_complete, day_of
from metrica_export.metrica.http import BadRequestError
from metrica_export.metrica.reports import MAX_VALUES, Report, Reports

CLIENT_ID = "ym:s:clientID"

Visitors = Sequence[tuple[list[str], int]]
"""ClientIDs of a contact, and its number of delivered orders."""


@dataclass(frozen=True, slots=True)
class ByClient:
    """The delivered orders of contacts with a ClientID, as far as requests were left.

    `orders` are those of the contacts that were looked up; `left_out` are those of the others.
    `unknown` orders have visitors without a visit in the window. `tied` is None if Metrica refuses
    counts of orders by ClientID.
    """

    orders: int
    left_out: int
    unknown: int
    tied: int | None

    @property
    def with_visits(self) -> int | None:
        """Orders that are not tied although their visitor is known."""
        return None if self.tied is None else self.orders - self.unknown - self.tied

    @property
    def is_complete(self) -> bool:
        """Whether all ClientIDs were looked up."""
        return not self.left_out


@dataclass(slots=True)
class ClientReport:
    """The report by ClientID. `has_orders` turns false when Metrica refuses orders in it."""

    reports: Reports
    has_orders: bool = True

    def read(
        self, cohort: Cohort, visitors: Visitors, total: int, requests: int, today: date
    ) -> ByClient:
        """Look up visitors with a number of requests; `total` is the number of all their orders."""
        chosen = _fitting(visitors, requests * MAX_VALUES)
        ids = sorted({each for those, _ in chosen for each in those})
        days = days_of_visits([cohort], today)
        visits: dict[str, float] = {}
        tied: dict[str, float] = {}
        for start in range(0, len(ids), MAX_VALUES):
            for row in self._ask(ids[start : start + MAX_VALUES], days).rows:
                client = row.names[0] or ""
                visits[client] = visits.get(client, 0.0) + (row.values[0] or 0.0)
                if cohort.first <= day_of(row, 1) < cohort.end:
                    orders = sum(value or 0.0 for value in row.values[1:])
                    tied[client] = tied.get(client, 0.0) + orders
        orders = unknown = found = 0
        for those, n in chosen:
            orders += n
            unknown += 0 if any(visits.get(each) for each in those) else n
            # A contact's orders of another month can be tied to visits of these days, too.
            found += min(n, round(sum(tied.get(each, 0.0) for each in those)))
        return ByClient(orders, total - orders, unknown, found if self.has_orders else None)

    def _ask(self, ids: list[str], days: tuple[date, date]) -> Report:
        listed = ",".join(f"'{each}'" for each in ids)
        filters, dimensions = f"{CLIENT_ID}=.({listed})", (CLIENT_ID, DATE)
        report: Report | None = None
        if self.has_orders:
            try:
                report = self.reports.sums((VISITS, *BY_TYPE.values()), days, dimensions, filters)
            except BadRequestError:
                self.has_orders = False
        if report is None:
            report = self.reports.sums((VISITS,), days, dimensions, filters)
        check_complete(report)
        return report


def _fitting(visitors: Visitors, most: int) -> list[tuple[list[str], int]]:
    """Return the first visitors whose ClientIDs fit into the requests."""
    chosen: list[tuple[list[str], int]] = []
    ids = 0
    for those, n in visitors:
        if not all(each.isascii() and each.isdigit() for each in those):
            # Metrica's ClientIDs are digits. Another text could change the filter.
            continue
        if ids + len(those) > most:
            break
        chosen.append((those, n))
        ids += len(those)
    return chosen
