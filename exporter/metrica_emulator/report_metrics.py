"""Metrics of reports: their names, and their values over the visits of one row."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from metrica_emulator.linked import Link
from metrica_emulator.refusal import Refusal
from metrica_emulator.visits import SiteVisit

MAX_METRICS = 20
_PERCENT = 100.0
_RUB = "RUB"
_RATES = {"RUB": 1.0, "USD": 80.0, "EUR": 90.0, "YND": 1.0}
"""Made-up rates in roubles. Metrica names no other currency in its metrics."""

_TYPES = {
    "InProgress": "IN_PROGRESS",
    "Payed": "PAID",
    "Spam": "SPAM",
    "Cancelled": "CANCELLED",
    "Other": "OTHER",
}
_ORDERS = re.compile(r"ym:s:cdpOrders(AllOrders|ConversionIntoOrder|ConversionIntoPayment)")
_TYPE = re.compile(rf"ym:s:cdpOrders({'|'.join(_TYPES)})")
_MONEY = re.compile(r"ym:s:cdpOrders(<currency>|[A-Z]{3})(Revenue|Profit|AverageCheque)")
_GOAL = re.compile(r"ym:s:goal(\d{1,18})(reaches|visits|users)")


@dataclass(slots=True)
class Sums:
    """The visits of one row, and the orders that are tied to them."""

    visits: int = 0
    users: set[str] = field(default_factory=set)
    types: Counter[str] = field(default_factory=Counter)
    revenue: Counter[str] = field(default_factory=Counter)
    profit: Counter[str] = field(default_factory=Counter)
    reaches: Counter[str] = field(default_factory=Counter)
    goal_visits: dict[str, set[str]] = field(default_factory=dict)
    goal_users: dict[str, set[str]] = field(default_factory=dict)

    def add_visit(self, visit: SiteVisit) -> None:
        """Count a visit."""
        self.visits += 1
        self.users.add(visit.client_id or visit.visit_id)

    def add_order(self, link: Link, visit: SiteVisit) -> None:
        """Count an order that is tied to a visit. Money is that of paid orders."""
        state = link.state
        self.types[state["status_type"]] += 1
        if state["status_type"] == "PAID":
            currency = state.get("currency", _RUB)
            self.revenue[currency] += state.get("revenue", 0)
            self.profit[currency] += state.get("revenue", 0) - state.get("cost", 0)
        for goal in link.goals:
            self.reaches[goal] += 1
            self.goal_visits.setdefault(goal, set()).add(visit.visit_id)
            self.goal_users.setdefault(goal, set()).add(visit.client_id or visit.visit_id)


Metric = Callable[[Sums], float | None]


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics that the counter has. `goals` maps a goal's number to its name."""

    goals: dict[int, str]
    counts_spam: bool
    converts: bool
    currency: str = _RUB

    def named(self, name: str) -> Metric:
        """Return a metric by its name; raises Refusal."""
        if name == "ym:s:visits":
            return lambda sums: float(sums.visits)
        if name == "ym:s:users":
            return lambda sums: float(len(sums.users))
        if found := _ORDERS.fullmatch(name):
            return {
                "AllOrders": lambda sums: float(self._orders(sums)),
                "ConversionIntoOrder": lambda sums: _share(self._orders(sums), sums.visits),
                "ConversionIntoPayment": lambda sums: _share(
                    sums.types["PAID"], self._orders(sums)
                ),
            }[found[1]]
        if found := _TYPE.fullmatch(name):
            status_type = _TYPES[found[1]]
            return lambda sums: float(sums.types[status_type])
        if found := _MONEY.fullmatch(name):
            return self._money(self.currency if found[1] == "<currency>" else found[1], found[2])
        if (found := _GOAL.fullmatch(name)) and int(found[1]) in self.goals:
            return _of_goal(self.goals[int(found[1])], found[2])
        raise refused(f"There is no metric {name}", 4002)

    def _orders(self, sums: Sums) -> int:
        return sums.types.total() - (0 if self.counts_spam else sums.types["SPAM"])

    def _money(self, currency: str, figure: str) -> Metric:
        if currency not in _RATES:
            raise refused(f"There is no currency {currency}", 4002)

        def total(amounts: Counter[str]) -> float:
            if not self.converts:
                return float(amounts[currency])
            known = (amounts[one] * rate for one, rate in _RATES.items())
            return sum(known) / _RATES[currency]

        return {
            "Revenue": lambda sums: total(sums.revenue),
            "Profit": lambda sums: total(sums.profit),
            "AverageCheque": lambda sums: _ratio(total(sums.revenue), sums.types["PAID"]),
        }[figure]


def refused(text: str, code: int) -> Refusal:
    """Return the refusal of a report. Its number stands in the text only."""
    return Refusal(400, "invalid_parameter", f"{text}, error code: {code}")


def _of_goal(goal: str, figure: str) -> Metric:
    return {
        "reaches": lambda sums: float(sums.reaches[goal]),
        "visits": lambda sums: float(len(sums.goal_visits.get(goal, ()))),
        "users": lambda sums: float(len(sums.goal_users.get(goal, ()))),
    }[figure]


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _share(part: float, whole: float) -> float | None:
    return _PERCENT * part / whole if whole else None
