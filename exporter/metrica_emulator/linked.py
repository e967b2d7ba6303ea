"""What reports would say of the orders, counted like `ym:s:cdpOrders…` (cdp_orders)."""

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass

from metrica_export.metrica.formats import ORDERS, Entity

from metrica_emulator.clock import Clock
from metrica_emulator.columns import SIMPLE_ORDERS
from metrica_emulator.stage import Values
from metrica_emulator.switches import Switches
from metrica_emulator.table import Table
from metrica_emulator.ties import LINK_WINDOW, UPDATE_WINDOW, Ties, later
from metrica_emulator.upload_list import moment_of

_TYPES = ("IN_PROGRESS", "PAID", "CANCELLED", "SPAM", "OTHER")
_CURRENCY = "RUB"

_Key = tuple[str, str]  # entity and order key


@dataclass(frozen=True, slots=True)
class Link:
    """One order: the visit it is tied to, or why it is not, and its state in reports.

    `goals` are those it reached, with how often.
    """

    entity: str
    key: str
    visit_id: str | None
    reason: str | None
    state: Values
    goals: dict[str, int]

    def as_dict(self) -> dict[str, object]:
        """Return the line that a debug route shows."""
        return {
            "entity": self.entity,
            "order_key": self.key,
            "visit_id": self.visit_id,
            "reason": self.reason,
            "status_type": self.state["status_type"],
            "revenue": self.state.get("revenue"),
            "cost": self.state.get("cost"),
        }


def links(connection: sqlite3.Connection, clock: Clock, switches: Switches) -> list[Link]:
    """Return a link for every order, those of the simplified method last."""
    reports = _Reports(
        Ties.at(connection, clock, switches, clock.now()),
        _history(connection, clock),
        _goals(connection),
        takes_late_updates=switches.late_update == "apply",
    )
    return [
        reports.link(entity, order)
        for entity in (ORDERS, SIMPLE_ORDERS)
        for order in Table.of(entity).load_all(connection)
    ]


def counts(found: list[Link]) -> dict[str, object]:
    """Return the counts of the linked orders.

    `orders` leaves spam out; revenue and cost are those of paid orders, by currency.
    """
    linked = [link for link in found if link.visit_id is not None]
    types = Counter(link.state["status_type"] for link in linked)
    money: dict[str, Counter[str]] = {"revenue": Counter(), "cost": Counter()}
    goals: Counter[str] = Counter()
    for link in linked:
        goals.update(link.goals)
        if link.state["status_type"] == "PAID":
            for name, sums in money.items():
                sums[link.state.get("currency", _CURRENCY)] += link.state.get(name, 0)
    return {
        "orders": len(linked) - types["SPAM"],
        **{name.lower(): types[name] for name in _TYPES},
        **{name: dict(sums) for name, sums in money.items()},
        "goals": dict(sorted(goals.items())),
        "not_linked": dict(Counter(link.reason for link in found if link.reason)),
    }


@dataclass(frozen=True, slots=True)
class _Reports:
    ties: Ties
    history: dict[_Key, list[tuple[str, Values]]]
    """The counter's time of each upload of an order, and the state that came of it."""
    goals: dict[_Key, list[tuple[str, str, int]]]
    """Each goal that an order reached, when first, and how often."""
    takes_late_updates: bool

    def link(self, entity: Entity, order: Values) -> Link:
        """Return what reports make of an order."""
        key = _key(entity.name, order)
        uploads = self.history[key]
        visit = self.ties.visit_of(entity, order)
        reason = self._missing(entity, order) or (None if visit else "no_visit")
        in_time = (sent <= later(state["create_date_time"], LINK_WINDOW) for sent, state in uploads)
        if not reason and not any(in_time):
            reason = "sent_too_late"
        if visit is None or reason:
            return Link(*key, None, reason, order, {})
        last = "9999" if self.takes_late_updates else later(visit.started_at, UPDATE_WINDOW)
        # What comes first is no update, however old its visit is.
        last = max(last, uploads[0][0])
        shown = [state for sent, state in uploads if sent <= last]
        reached = {goal: times for goal, at, times in self.goals.get(key, ()) if at <= last}
        return Link(*key, visit.visit_id, None, shown[-1], reached)

    def _missing(self, entity: Entity, order: Values) -> str | None:
        if entity is SIMPLE_ORDERS:
            return None
        waits = order.get("waits_for_contact") or self.ties.contact_of(order) is None
        return "no_contact" if waits else None


def _history(connection: sqlite3.Connection, clock: Clock) -> dict[_Key, list[tuple[str, Values]]]:
    history: dict[_Key, list[tuple[str, Values]]] = {}
    rows = connection.execute(
        "select applied.entity, uploaded_at_utc, state from applied join uploads"
        " using (uploading_id) where applied.entity != 'contacts' order by seq"
    )
    for entity, sent, text in rows:
        state = json.loads(text)
        history.setdefault(_key(entity, state), []).append((clock.wall(moment_of(sent)), state))
    return history


def _goals(connection: sqlite3.Connection) -> dict[_Key, list[tuple[str, str, int]]]:
    goals: dict[_Key, list[tuple[str, str, int]]] = {}
    for row in connection.execute("select * from goals_reached"):
        entry = (row["goal"], row["reached_at"], row["times"])
        goals.setdefault((row["entity"], row["order_key"]), []).append(entry)
    return goals


def _key(entity: str, state: Values) -> _Key:
    return entity, str(state["number"] if entity == SIMPLE_ORDERS.name else state["id"])
