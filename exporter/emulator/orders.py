"""What Metrica itself adds to an order: its status type, its dates, its goals."""

import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from exporter.emulator.catalogue import Catalogue, Status
from exporter.emulator.clock import Clock
from exporter.emulator.columns import SIMPLE_ORDERS
from exporter.emulator.goals_reached import reached
from exporter.emulator.stage import Values
from exporter.marts import Entity

_LINK_WINDOW = timedelta(days=21)
_UPDATE_WINDOW = timedelta(days=111)
_DEFAULT_CURRENCY = "RUB"


@dataclass(frozen=True, slots=True)
class OrderRules:
    """The rules of one upload of orders, and the goals and statuses that come of it.

    The three times are the counter's local ones: the upload's, and the earliest creation
    of an order that is still tied to a visit, or updated in reports.
    """

    entity: Entity
    catalogue: Catalogue
    cancel_spam_goals: bool
    now: str
    tied_from: str
    updated_from: str
    _goals: dict[tuple[str, str], tuple[object, ...]] = field(default_factory=dict)
    _unknown: Counter[str] = field(default_factory=Counter)

    @classmethod
    def at(
        cls,
        moment: datetime,
        clock: Clock,
        entity: Entity,
        catalogue: Catalogue,
        *,
        cancel_spam_goals: bool,
    ) -> Self:
        """Return the rules of an upload at this moment."""
        return cls(
            entity,
            catalogue,
            cancel_spam_goals,
            now=clock.wall(moment),
            tied_from=clock.wall(moment - _LINK_WINDOW),
            updated_from=clock.wall(moment - _UPDATE_WINDOW),
        )

    def complete(self, order: Values, before: Values | None, sent: Values, upload_id: str) -> None:
        """Fill in what the row left to Metrica, and note the goals reached."""
        simple = self.entity is SIMPLE_ORDERS
        if simple:
            order.setdefault("order_status", "PAID")
        status = self._status(order["order_status"], simple=simple)
        order["status_type"] = status.type
        paid_at = (before or {}).get("first_paid_at") or (
            self.now if status.type == "PAID" else None
        )
        if paid_at:
            order["first_paid_at"] = paid_at
        if not simple:
            _fill_dates(order, sent, self.now)
        outside = self._outside_window(order, is_new=before is None)
        order.pop("outside_window", None)
        if outside:
            order["outside_window"] = outside
        key = str(order["number"]) if simple else order["id"]
        for goal, revenue in reached(order, status, cancel_spam=self.cancel_spam_goals).items():
            self._goals[key, goal] = (
                self.entity.name,
                key,
                order.get("id"),
                goal,
                revenue,
                order.get("currency", _DEFAULT_CURRENCY),
                self.now,
                upload_id,
            )

    def save(self, connection: sqlite3.Connection) -> Counter[str]:
        """Write the goals and the unknown statuses noted so far; return the warnings.

        A goal is reached once; a later state of the order changes what it is worth.
        """
        connection.executemany(
            "insert into goals_reached values (?, ?, ?, ?, ?, ?, ?, ?)"
            " on conflict (entity, order_key, goal)"
            " do update set revenue = excluded.revenue, currency = excluded.currency",
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

    def _status(self, status_id: str, *, simple: bool) -> Status:
        status = self.catalogue.status(status_id, simple=simple)
        if status is None:
            self._unknown[status_id] += 1
            # The simplified method takes any other status for a JavaScript goal's id.
            return Status("OTHER", (status_id,) if simple else ())
        return status

    def _outside_window(self, order: Values, *, is_new: bool) -> str | None:
        if is_new and order["create_date_time"] < self.tied_from:
            return "created more than 21 days ago: tied to no visit"
        if not is_new and order["create_date_time"] < self.updated_from:
            return "created more than 111 days ago: the update is not in reports"
        return None


def _fill_dates(order: Values, sent: Values, now: str) -> None:
    if sent.get("update_date_time") is None:
        order["update_date_time"] = now
    if "first_paid_at" in order:
        order.setdefault("finish_date_time", order["first_paid_at"])
