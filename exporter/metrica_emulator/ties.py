"""Which visit an order is tied to (contacts, data)."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Self

from metrica_export.metrica.formats import CONTACTS, Entity

from metrica_emulator import visits
from metrica_emulator.clock import LOCAL, Clock
from metrica_emulator.columns import SIMPLE_ORDERS
from metrica_emulator.stage import Values
from metrica_emulator.switches import Switches
from metrica_emulator.table import Table
from metrica_emulator.upload_list import moment_of
from metrica_emulator.visits import SiteVisit

LINK_WINDOW = timedelta(days=21)
"""How long after its creation an order may be sent to be tied to a visit."""

UPDATE_WINDOW = timedelta(days=111)
"""How long after its visit's beginning an order is updated in reports."""

_DAY_END = " 23:59:00"


class Ties:
    """The visits there are until `now`, the counter's wall clock, and how orders find theirs.

    An order is tied to the visit closest to its creation, before or after it, among those
    of its contact's identifiers; a simple order has identifiers itself.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        known: Iterable[SiteVisit],
        now: str,
        since: dict[str, str] | str | None,
    ) -> None:
        self._connection = connection
        self.now = now
        self._since = since
        self._by_key: dict[str, list[SiteVisit]] = {}
        for visit in known:
            for key in visit.keys:
                self._by_key.setdefault(key, []).append(visit)

    @classmethod
    def at(
        cls, connection: sqlite3.Connection, clock: Clock, switches: Switches, moment: datetime
    ) -> Self:
        """Return the ties as they are at this moment, the present one."""
        since = _since(connection, clock, switches)
        return cls(connection, visits.load(connection), clock.wall(moment), since)

    def visit_of(self, entity: Entity, order: Values) -> SiteVisit | None:
        """Return the visit that an order is tied to, whenever it was sent."""
        if not self._by_key or order.get("waits_for_contact"):
            return None
        simple = entity is SIMPLE_ORDERS
        visitor = order if simple else self.contact_of(order)
        if visitor is None:
            return None
        created = str(order["create_date_time"])
        # From a day without a time, visits are searched backwards (simple-orders-prep).
        latest = created if simple and created.endswith(_DAY_END) else self.now
        earliest = "" if simple else self._earliest(str(order["client_uniq_id"]))
        candidates = {
            (abs(_moment(visit.started_at) - _moment(created)), visit.visit_id): visit
            for key in visits.keys_of(visitor)
            for visit in self._by_key.get(key, ())
            if earliest <= visit.started_at <= latest
        }
        return candidates[min(candidates)] if candidates else None

    def contact_of(self, order: Values) -> Values | None:
        """Return the contact that an order is attached to."""
        key = str(order["client_uniq_id"])
        return Table.of(CONTACTS).load(self._connection, {key}).get(key)

    def _earliest(self, contact: str) -> str:
        if isinstance(self._since, dict):
            return self._since.get(contact, self.now)
        return self._since or ""


def later(wall: str, by: timedelta) -> str:
    """Return the wall clock's time so much later."""
    return (_moment(wall) + by).strftime(LOCAL)


def _since(
    connection: sqlite3.Connection, clock: Clock, switches: Switches
) -> dict[str, str] | str | None:
    """Return the earliest visit of the counter's orders, or of each contact's."""
    if switches.visits_from == "any":
        return None
    rows = connection.execute(
        "select id, min(uploaded_at_utc) from applied join uploads using (uploading_id)"
        " where applied.entity = 'contacts' group by id"
    )
    first = {row[0]: clock.wall(moment_of(row[1])) for row in rows}
    if switches.visits_from == "contact":
        return first
    return min(first.values()) if first else None


def _moment(wall: str) -> datetime:
    return datetime.strptime(wall, LOCAL)  # noqa: DTZ007 - the counter's wall clock
