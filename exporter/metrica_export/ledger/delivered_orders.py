"""Delivered orders in the ledger, with the identifiers of their contacts in the marts."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from metrica_export.ledger.reader import Ledger
from metrica_export.metrica.formats import CONTACTS, DEFAULT_STATUSES, LINK_DAYS, SIMPLE_ORDERS
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.contract import time_zone
from metrica_export.warehouse.dbt_manifest import Mart, Marts
from metrica_export.warehouse.filters import rows_of
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.sql import name, quote
from metrica_export.warehouse.sql_files import render

CURRENCY = "RUB"
"""The currency of revenue in measurements. Metrica has sums for few currencies."""

_KIND_COLUMNS = (
    ("client_id", ("client_ids",)),
    ("phone", ("phones",)),
    ("email", ("emails",)),
    ("hash", ("phones_md5", "emails_md5")),
)


@dataclass(frozen=True, slots=True)
class OrderCount:
    """Delivered orders of one month, status type and strongest kind of identifier.

    `in_window` counts those that arrived within Metrica's window. `revenue` is in `CURRENCY`.
    """

    cohort: date
    status_type: str
    identifiers: str
    delivered: int
    in_window: int
    revenue: Decimal


class DeliveredOrders:
    """Queries of the delivered orders that were created from `first` until before `end`."""

    def __init__(
        self, wh: Attached, ledger: Ledger, marts: Marts, mart: Mart, days: tuple[date, date]
    ) -> None:
        """Take the mart of orders whose uploads count."""
        self._wh = wh
        is_simple = mart.entity is SIMPLE_ORDERS
        people = mart if is_simple else marts.get(CONTACTS.name)
        self._orders = render(
            __package__,
            "delivered_orders",
            ledger=LEDGER,
            counter_id=ledger.counter_id,
            entity=quote(mart.name),
            first_day=f"timestamp {quote(days[0].isoformat())}",
            end_day=f"timestamp {quote(days[1].isoformat())}",
            zone=quote(time_zone(wh, mart)),
            link_days=LINK_DAYS,
            uses_mapping=mart.entity.uses_status_mapping,
            default_statuses=", ".join(map(quote, DEFAULT_STATUSES)),
            orders=rows_of(mart),
            contacts=rows_of(people),
            contact_key=name(people.entity.key),
            contact_of_order=name(mart.entity.key if is_simple else "client_uniq_id"),
            kind=kind_of(people, "c"),
            client_ids="c.client_ids" if people.has("client_ids") else "cast(null as text)",
            revenue="o.revenue" if mart.has("revenue") else "cast(null as numeric)",
            currency="o.currency" if mart.has("currency") else "cast(null as text)",
            default_currency=quote(CURRENCY),
        )

    def counts(self) -> list[OrderCount]:
        """Count the orders."""
        query = (
            "select cohort, status_type, identifiers, count(*) as delivered, "
            "count(*) filter (where in_window) as in_window, "
            "cast(coalesce(sum(revenue), 0) as decimal(20, 2)) as revenue "
            f"from ({self._orders}) as orders group by cohort, status_type, identifiers"
        )
        return [OrderCount(*row) for row in self._wh.rows(f"from {self._wh.remote(query)}")]

    def visitors(self, cohort: date, limit: int) -> list[tuple[list[str], int]]:
        """Return the ClientIDs of contacts and their number of delivered orders.

        The order of contacts is random and the same in every call. At most `limit` are returned.
        """
        query = (
            "select client_ids, count(*) as delivered "
            f"from ({self._orders}) as orders where cohort = date {quote(cohort.isoformat())} "
            "and identifiers = 'client_id' group by contact, client_ids "
            f"order by md5(contact) limit {limit}"
        )
        return [
            (sorted(set(ids.split(","))), int(delivered))
            for ids, delivered in self._wh.rows(f"from {self._wh.remote(query)}")
        ]


def kind_of(people: Mart, alias: str) -> str:
    """Return SQL for the strongest kind of identifier of a contact or a simple order."""
    cases = []
    for kind, columns in _KIND_COLUMNS:
        filled = [f"{alias}.{name(c)} <> ''" for c in columns if people.has(c)]
        if filled:
            cases.append(f"when {' or '.join(filled)} then {quote(kind)}")
    return f"case {' '.join(cases)} else 'none' end" if cases else "'none'"
