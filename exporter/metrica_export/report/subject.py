"""The subject of one report: a counter's marts and ledger at a moment."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from metrica_export.ledger.mode import marts_of_mode
from metrica_export.ledger.reader import Ledger
from metrica_export.metrica.formats import Entity
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.contract import check_relation, time_zone
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.session import Session
from metrica_export.warehouse.sql import quote

MONTHS = 12
"""Months of order creation that the report covers, the present one included."""

RUN_DAYS = 90
"""Days of runs that the report covers."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The marts of the counter's mode, its ledger, and the present time.

    `now` is the warehouse's clock in the counter's zone, without an offset, as the marts' times.
    `known_orders` are the orders at the last complete pass.
    """

    wh: Attached
    ledger: Ledger
    marts: tuple[Mart, ...]
    orders: Mart
    zone: str
    now: datetime
    known_orders: int

    @property
    def counter_id(self) -> int:
        """The counter of the report."""
        return self.ledger.counter_id

    @property
    def first_month(self) -> date:
        """The first day of the first month that the report covers."""
        months = self.now.year * 12 + self.now.month - MONTHS
        return date(months // 12, months % 12 + 1, 1)

    @property
    def tomorrow(self) -> date:
        """The day before which orders must be created to count; later dates are mistakes."""
        return self.now.date() + timedelta(days=1)

    @property
    def sql_now(self) -> str:
        """SQL for `now`."""
        return timestamp(self.now)

    @property
    def quota_day(self) -> datetime:
        """The last renewal of Metrica's quotas, at 00:00 GMT, in the counter's zone."""
        zone = ZoneInfo(self.zone)
        greenwich = self.now.replace(tzinfo=zone).astimezone(ZoneInfo("UTC"))
        midnight = greenwich.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight.astimezone(zone).replace(tzinfo=None)

    def days_ago(self, days: int) -> str:
        """Return SQL for the moment so many days ago."""
        return timestamp(self.now - timedelta(days=days))

    def with_new_session(self) -> "Subject":
        """Return the subject with another session, for another thread."""
        wh = self.wh.new_session()
        return replace(self, wh=wh, ledger=self.ledger.for_session(wh))

    def mart(self, entity: Entity) -> Mart | None:
        """Return the mart of an entity, None if the counter's mode has none."""
        return next((mart for mart in self.marts if mart.entity is entity), None)


def timestamp(moment: datetime) -> str:
    """Return a time without an offset as SQL."""
    return f"timestamp {quote(moment.isoformat(sep=' '))}"


def day(start: date) -> str:
    """Return the first moment of a day as SQL, in the time of the marts."""
    return f"timestamp {quote(start.isoformat())}"


def read_subject(session: Session, counter_id: int) -> Subject:
    """Return the subject of a counter's report.

    Raises WarehouseError if a mart is not as declared, LedgerError if the ledger is damaged.
    """
    ledger = Ledger(session.wh, counter_id)
    marts = tuple(marts_of_mode(session.wh, ledger, session.marts))
    for mart in marts:
        check_relation(session.wh, mart)
    orders = next(mart for mart in marts if mart.entity.has_deadline)
    zone = time_zone(session.wh, orders)
    (now,) = session.wh.row(f"select timezone({quote(zone)}, {session.wh.now})")
    watermark = ledger.watermark(orders.name)
    known = watermark.mart_rows if watermark else 0
    return Subject(session.wh, ledger, marts, orders, zone, now.replace(microsecond=0), known)
