"""What Metrica itself adds to an order: its status type, its dates, its goals."""

import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

from metrica_export.metrica.formats import Entity

from metrica_emulator.catalogue import Catalogue, Status
from metrica_emulator.columns import SIMPLE_ORDERS
from metrica_emulator.goals_reached import CREATED, reached
from metrica_emulator.stage import Values
from metrica_emulator.switches import Switches
from metrica_emulator.ties import LINK_WINDOW, UPDATE_WINDOW, Ties, later

_DEFAULT_CURRENCY = "RUB"


@dataclass(frozen=True, slots=True)
class OrderRules:
    """The rules of one upload of orders, and the goals and statuses that come of it.

    The three times are the counter's local ones: the upload's, and the earliest creation
    of an order that is still tied to a visit, or beginning of a visit whose order is
    still updated in reports.
    """

    entity: Entity
    catalogue: Catalogue
    switches: Switches
    ties: Ties
    now: str
    tied_from: str
    updated_from: str
    _goals: dict[tuple[str, str], tuple[object, ...]] = field(default_factory=dict)
    _unknown: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, entity: Entity, catalogue: Catalogue, switches: Switches, ties: Ties) -> Self:
        """Return the rules of an upload at the moment of the ties."""
        return cls(
            entity,
            catalogue,
            switches,
            ties,
            now=ties.now,
            tied_from=later(ties.now, -LINK_WINDOW),
            updated_from=later(ties.now, -UPDATE_WINDOW),
        )

    def is_late(self, order: Values) -> bool:
        """Say whether a stored order's visit, or else its creation, is too long ago."""
        visit = self.ties.visit_of(self.entity, order)
        began = visit.started_at if visit else str(order["create_date_time"])
        return began < self.updated_from

    def complete(
        self, order: Values, before: Values | None, sent: Values, upload_id: str, *, waits: bool
    ) -> None:
        """Fill in what the row left to Metrica, and note the goals reached.

        An order that `waits` is tied to its contact only when it is sent again.
        """
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
        _mark(order, "outside_window", self._outside_window(order, before))
        if not simple:
            _mark(order, "waits_for_contact", 1 if waits else None)
        self._note_goals(order, status, upload_id, is_new=before is None)

    def save(self, connection: sqlite3.Connection) -> Counter[str]:
        """Write the goals and the unknown statuses noted so far; return the warnings.

        A later state of the order changes what a goal is worth.
        """
        again = 1 if self.switches.repeated_state == "again" else 0
        connection.executemany(
            "insert into goals_reached values (?, ?, ?, ?, ?, ?, ?, ?, 1)"
            " on conflict (entity, order_key, goal) do update set revenue = excluded.revenue,"
            f" currency = excluded.currency, times = times + {again}",
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

    def _note_goals(self, order: Values, status: Status, upload_id: str, *, is_new: bool) -> None:
        key = str(order["number"]) if self.entity is SIMPLE_ORDERS else order["id"]
        goals = reached(order, status, cancel_spam=self.switches.cancel_spam_goals == "on")
        creates = self.switches.goal_status_creates == "on"
        if is_new and creates and status.type == "OTHER" and status.goals:
            goals.setdefault(CREATED, goals[status.goals[0]])
        for goal, revenue in goals.items():
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

    def _status(self, status_id: str, *, simple: bool) -> Status:
        status = self.catalogue.status(status_id, simple=simple)
        if status is None:
            self._unknown[status_id] += 1
            # The simplified method takes any other status for a JavaScript goal's id.
            return Status("OTHER", (status_id,) if simple else ())
        return status

    def _outside_window(self, order: Values, before: Values | None) -> str | None:
        if before is None:
            if order["create_date_time"] < self.tied_from:
                return "created more than 21 days ago: tied to no visit"
        elif self.switches.late_update == "ignore" and self.is_late(before):
            return "its visit is more than 111 days ago: the update is not in reports"
        return None


def _mark(order: Values, name: str, value: object) -> None:
    order.pop(name, None)
    if value is not None:
        order[name] = value


def _fill_dates(order: Values, sent: Values, now: str) -> None:
    if sent.get("update_date_time") is None:
        order["update_date_time"] = now
    if "first_paid_at" in order:
        order.setdefault("finish_date_time", order["first_paid_at"])
