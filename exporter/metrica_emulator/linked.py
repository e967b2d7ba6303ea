"""Links of orders in reports, counted like the metrics `ym:s:cdpOrders…`."""

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from metrica_export.metrica.formats import LINK_DAYS, ORDERS, UPDATE_DAYS, Entity

from metrica_emulator.clock import Clock, moment_of, shifted
from metrica_emulator.entities import SIMPLE_ORDERS
from metrica_emulator.stage import Values
from metrica_emulator.table import Table
from metrica_emulator.ties import Ties

_TYPES = ("IN_PROGRESS", "PAID", "CANCELLED", "SPAM", "OTHER")
_CURRENCY = "RUB"

_Key = tuple[str, str]  # entity and order key


@dataclass(frozen=True, slots=True)
class Link:
    """One order in reports: its visit, or the reason why it has none; its state and goals."""

    entity: str
    key: str
    visit_id: str | None
    reason: str | None
    state: Values
    goals: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the line of the debug route."""
        return {
            "entity": self.entity,
            "order_key": self.key,
            "visit_id": self.visit_id,
            "reason": self.reason,
            "status_type": self.state["status_type"],
            "revenue": self.state.get("revenue"),
            "cost": self.state.get("cost"),
        }


def links(connection: sqlite3.Connection, clock: Clock, delay: int = 0) -> list[Link]:
    """Return a link for every order, then for every simple order.

    Uploads of the last `delay` minutes do not count yet.
    """
    ties = Ties(connection, clock.local(clock.now()))
    until = clock.local(clock.reported_until(delay))
    reports = _Reports(ties, _history(connection, clock, until), _goals(connection), until)
    return [
        reports.link(entity, order)
        for entity in (ORDERS, SIMPLE_ORDERS)
        for order in Table.of(entity).load_all(connection)
        if _key(entity.name, order) in reports.history
    ]


def counts(found: list[Link]) -> dict[str, object]:
    """Return the counts of the linked orders.

    `orders` excludes spam. Revenue and cost are sums over paid orders, by currency.
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
    """Local time of each upload of an order, and the order's state after it."""
    goals: dict[_Key, list[tuple[str, str]]]
    """Each goal that an order reached, and its time."""
    until: str
    """Local time of the newest upload that counts."""

    def link(self, entity: Entity, order: Values) -> Link:
        """Return an order's link."""
        key = _key(entity.name, order)
        uploads = self.history[key]
        visit = self.ties.visit_of(entity, order)
        reason = None if visit else "no_visit"
        if entity is not SIMPLE_ORDERS and self.ties.contact_of(order) is None:
            reason = "no_contact"
        window = timedelta(days=LINK_DAYS)
        in_time = (sent <= shifted(state["create_date_time"], window) for sent, state in uploads)
        if not reason and not any(in_time):
            reason = "sent_too_late"
        if visit is None or reason:
            return Link(*key, None, reason, order, ())
        # The first upload is no update, so its visit may be older than the window of updates.
        last = max(shifted(visit.started_at, timedelta(days=UPDATE_DAYS)), uploads[0][0])
        last = min(last, self.until)
        states = [state for sent, state in uploads if sent <= last]
        reached = tuple(goal for goal, at in self.goals.get(key, ()) if at <= last)
        return Link(*key, visit.visit_id, None, states[-1], reached)


def _history(
    connection: sqlite3.Connection, clock: Clock, until: str
) -> dict[_Key, list[tuple[str, Values]]]:
    local = cache(lambda sent: clock.local(moment_of(sent)))
    history: dict[_Key, list[tuple[str, Values]]] = {}
    rows = connection.execute(
        "select applied.entity, uploaded_at_utc, state from applied join uploads"
        " using (uploading_id) where applied.entity != 'contacts' order by seq"
    )
    for entity, sent, text in rows:
        if local(sent) <= until:
            state = json.loads(text)
            history.setdefault(_key(entity, state), []).append((local(sent), state))
    return history


def _goals(connection: sqlite3.Connection) -> dict[_Key, list[tuple[str, str]]]:
    goals: dict[_Key, list[tuple[str, str]]] = {}
    for row in connection.execute("select * from goals_reached"):
        key = (row["entity"], row["order_key"])
        goals.setdefault(key, []).append((row["goal"], row["reached_at"]))
    return goals


def _key(entity: str, state: Values) -> _Key:
    return entity, str(state["number"] if entity == SIMPLE_ORDERS.name else state["id"])
