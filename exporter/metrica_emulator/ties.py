"""Ties between orders and visits."""

import sqlite3

from metrica_export.metrica.formats import CONTACTS, Entity

from metrica_emulator import visits
from metrica_emulator.clock import local_time
from metrica_emulator.entities import SIMPLE_ORDERS
from metrica_emulator.stage import Values
from metrica_emulator.table import Table
from metrica_emulator.visits import SiteVisit

_DAY_END = " 23:59:00"


class Ties:
    """The stored visits until `now` (the counter's local time), and the visit of each order.

    An order is tied to a visit of its contact, the one closest to the order's creation in
    either direction. A simple order has identifiers of its own.
    """

    def __init__(self, connection: sqlite3.Connection, now: str) -> None:
        self._connection = connection
        self.now = now
        self._contacts: dict[str, Values | None] = {}
        self._by_key: dict[str, list[SiteVisit]] = {}
        for visit in visits.load(connection):
            for key in visit.keys:
                self._by_key.setdefault(key, []).append(visit)

    def visit_of(self, entity: Entity, order: Values) -> SiteVisit | None:
        """Return the visit of an order, without regard to the time of its upload."""
        if not self._by_key:
            return None
        simple = entity is SIMPLE_ORDERS
        visitor = order if simple else self.contact_of(order)
        if visitor is None:
            return None
        created = str(order["create_date_time"])
        # A creation date without a time allows only visits before the end of that day.
        latest = created if simple and created.endswith(_DAY_END) else self.now
        candidates = {
            (abs(local_time(visit.started_at) - local_time(created)), visit.visit_id): visit
            for key in visits.keys_of(visitor)
            for visit in self._by_key.get(key, ())
            if visit.started_at <= latest
        }
        return candidates[min(candidates)] if candidates else None

    def contact_of(self, order: Values) -> Values | None:
        """Return the stored contact of an order."""
        key = str(order["client_uniq_id"])
        if key not in self._contacts:
            self._contacts[key] = Table.of(CONTACTS).load(self._connection, {key}).get(key)
        return self._contacts[key]
