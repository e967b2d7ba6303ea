"""Metrica's additions to an order: status type, dates and goals."""

import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from metrica_export.metrica.formats import UPDATE_DAYS, Entity

from metrica_emulator.catalogue import Catalogue, Status
from metrica_emulator.clock import shifted
from metrica_emulator.entities import SIMPLE_ORDERS
from metrica_emulator.stage import Values
from metrica_emulator.ties import Ties

CREATED = "CRM: Order created"
PAID = "CRM: Order paid"
CANCELLED = "CRM: Order cancelled"
SPAM = "CRM: Spam order"

CRM_GOALS = {
    "cdp_order_in_progress": CREATED,
    "cdp_order_paid": PAID,
    "cdp_order_spam": SPAM,
    "cdp_order_cancelled": CANCELLED,
}
"""Metrica's own four goals, by their type in the counter's list of goals."""

_GOALS_OF = {
    "IN_PROGRESS": (CREATED,),
    "PAID": (CREATED, PAID),
    "CANCELLED": (CANCELLED,),
    "SPAM": (SPAM,),
}
_DEFAULT_CURRENCY = "RUB"


@dataclass(frozen=True, slots=True)
class OrderRules:
    """The rules of one upload of orders. They collect goals and unknown statuses until `save`."""

    entity: Entity
    catalogue: Catalogue
    ties: Ties
    _goals: dict[tuple[str, str], tuple[object, ...]] = field(default_factory=dict)
    _unknown: Counter[str] = field(default_factory=Counter)

    def is_late(self, order: Values) -> bool:
        """Return whether a stored order is past the window of updates.

        The window begins with the order's visit or, without one, with its creation.
        """
        visit = self.ties.visit_of(self.entity, order)
        began = visit.started_at if visit else str(order["create_date_time"])
        return began < shifted(self.ties.now, -timedelta(days=UPDATE_DAYS))

    def complete(self, order: Values, before: Values | None, sent: Values, upload_id: str) -> None:
        """Add the values that a row leaves to Metrica, and collect the goals it reaches."""
        simple = self.entity is SIMPLE_ORDERS
        if simple:
            order.setdefault("order_status", "PAID")
        status = self._status(order["order_status"], simple=simple)
        order["status_type"] = status.type
        paid_at = (before or {}).get("first_paid_at") or (
            self.ties.now if status.type == "PAID" else None
        )
        if paid_at:
            order["first_paid_at"] = paid_at
        if not simple:
            _add_dates(order, sent, self.ties.now)
        self._collect_goals(order, status, upload_id)

    def save(self, connection: sqlite3.Connection) -> Counter[str]:
        """Store the collected goals and unknown statuses; return the warnings.

        An order reaches a goal once. Later uploads of the order change the goal's revenue.
        """
        connection.executemany(
            "insert into goals_reached values (?, ?, ?, ?, ?, ?, ?, ?)"
            " on conflict (entity, order_key, goal) do update set revenue = excluded.revenue,"
            " currency = excluded.currency",
            self._goals.values(),
        )
        if self.entity is not SIMPLE_ORDERS:
            connection.executemany(
                "insert or ignore into order_statuses values (?, 'OTHER', null, '[]', 'AUTO')",
                [(status,) for status in self._unknown],
            )
        unknown = self._unknown.total()
        self._goals.clear()
        self._unknown.clear()
        return Counter(unknown_status=unknown) if unknown else Counter()

    def _collect_goals(self, order: Values, status: Status, upload_id: str) -> None:
        key = str(order["number"]) if self.entity is SIMPLE_ORDERS else order["id"]
        for goal, revenue in _reached(order, status).items():
            self._goals[key, goal] = (
                self.entity.name,
                key,
                order.get("id"),
                goal,
                revenue,
                order.get("currency", _DEFAULT_CURRENCY),
                self.ties.now,
                upload_id,
            )

    def _status(self, status_id: str, *, simple: bool) -> Status:
        status = self.catalogue.status(status_id, simple=simple)
        if status is None:
            self._unknown[status_id] += 1
            # The simplified method takes any other status for the id of a JavaScript goal.
            return Status("OTHER", (status_id,) if simple else ())
        return status


def _reached(order: Values, status: Status) -> dict[str, float | None]:
    """Return the goals of an order in this status, with their revenue or None.

    A goal's own price takes precedence over revenue minus cost.
    """
    worth = None
    if "revenue" in order:
        # Rounding removes binary remainders such as 0.30000000000000004.
        worth = float(round(order["revenue"] - order.get("cost", 0), 6))
    goals: dict[str, float | None] = dict.fromkeys(
        (*_GOALS_OF.get(status.type, ()), *status.goals), worth
    )
    for goal, price in order.get("goals", {}).items():
        goals[goal] = worth if price is None else price
    return goals


def _add_dates(order: Values, sent: Values, now: str) -> None:
    if sent.get("update_date_time") is None:
        order["update_date_time"] = now
    if "first_paid_at" in order:
        order.setdefault("finish_date_time", order["first_paid_at"])
