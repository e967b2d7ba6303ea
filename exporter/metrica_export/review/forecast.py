"""The forecast of tied orders, from the measured rates of earlier months.

The rate of a kind of identifier is the number of tied orders for each order that arrived within
Metrica's window. Metrica's answer knows the kinds of identifiers only by ClientID. Without this
split every kind has the overall rate of orders with any identifier. With it, ClientIDs have
their own rate, and the other kinds share the rest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from metrica_export.checks.sendable import rows
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.ledger.delivered_orders import kind_of
from metrica_export.ledger.measurements import ALL, KINDS, Measurement, latest
from metrica_export.ledger.reader import Ledger
from metrica_export.metrica.formats import CONTACTS
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.filters import rows_of
from metrica_export.warehouse.session import Session
from metrica_export.warehouse.sql import name
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import tables_of

_COHORTS = 3
"""Earlier months whose rates count."""

_NONE = "none"


@dataclass(frozen=True, slots=True)
class Rates:
    """The rate of each kind of identifier, and the months from which it is known."""

    by_kind: Mapping[str, float]
    cohorts: tuple[date, ...]

    def expected(self, orders: Mapping[str, int]) -> float:
        """Return the expected tied orders among orders in the window, given by kind."""
        return sum(self.by_kind.get(kind, 0.0) * n for kind, n in orders.items())


@dataclass(frozen=True, slots=True)
class Forecast:
    """New orders of a plan that arrive within Metrica's window, and those expected to be tied."""

    orders: int
    tied: float
    cohorts: tuple[date, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the forecast for JSON."""
        rates_from = [f"{month:%Y-%m}" for month in self.cohorts]
        return {"orders": self.orders, "tied": round(self.tied, 1), "rates_from": rates_from}


def learn(measured: Iterable[Measurement], cohort: date) -> Rates | None:
    """Return the rates for the orders of a month; None if nothing was measured.

    They are those of the latest three months before it. Without one, the month's own earlier
    measurement counts.
    """
    months: dict[date, list[Measurement]] = {}
    for line in measured:
        if line.status_type == ALL:
            months.setdefault(line.cohort, []).append(line)
    usable = sorted(month for month, lines in months.items() if _is_usable(lines))
    chosen = [m for m in usable if m < cohort][-_COHORTS:] or [m for m in usable if m == cohort]
    if not chosen:
        return None
    split = [month for month in chosen if _tied(months[month], "client_id") is not None]
    counted = [line for month in split or chosen for line in months[month]]
    orders = {kind: _in_window(counted, kind) for kind in KINDS if kind != _NONE}
    tied = _tied(counted, ALL) or 0
    by_kind = dict.fromkeys(orders, _share(tied, sum(orders.values())))
    if split:
        by_client = _tied(counted, "client_id") or 0
        others = sum(orders.values()) - orders["client_id"]
        by_kind = dict.fromkeys(orders, _share(tied - by_client, others))
        by_kind["client_id"] = _share(by_client, orders["client_id"])
    return Rates(by_kind | {_NONE: 0.0}, tuple(split or chosen))


def _is_usable(lines: list[Measurement]) -> bool:
    return _tied(lines, ALL) is not None and any(
        line.in_window for line in lines if line.identifiers not in (ALL, _NONE)
    )


def _tied(lines: Iterable[Measurement], identifiers: str) -> int | None:
    found = [m.tied for m in lines if m.identifiers == identifiers and m.tied is not None]
    return sum(found) if found else None


def _in_window(lines: Iterable[Measurement], kind: str) -> int:
    return sum(line.in_window for line in lines if line.identifiers == kind)


def _share(tied: int, orders: int) -> float:
    # Foreign orders in Metrica's answer can make it more than the delivered orders.
    return min(max(tied / orders, 0.0), 1.0) if orders else 0.0


def forecast(session: Session, ledger: Ledger, staged: Iterable[StagedMart]) -> Forecast | None:
    """Return the forecast of the new orders that a run would send; None without a measurement.

    The rates are those for orders of the present month.
    """
    measured = latest(session.wh, ledger)
    if not measured:
        return None
    (month,) = session.wh.row(f"select cast(date_trunc('month', {session.wh.now}) as date)")
    rates = learn(measured, month)
    if rates is None:
        return None
    orders = dict.fromkeys(KINDS, 0)
    for each in staged:
        if each.mart.entity.has_deadline and each.rows:
            for kind, n in _new_orders(session, each):
                orders[kind] += n
    return Forecast(sum(orders.values()), rates.expected(orders), rates.cohorts)


def _new_orders(session: Session, staged: StagedMart) -> list[tuple[str, int]]:
    wh, needs_contact = session.wh, staged.mart.entity.needs_contact
    contacts = "select null as _id, null as kind where false"
    if needs_contact:
        contacts = f"from {wh.remote(_kinds(session.marts.get(CONTACTS.name)))}"
    query = render(
        __package__,
        "new_orders",
        rows=rows(staged),
        needs_contact=needs_contact,
        contacts=contacts,
        kind="coalesce(c.kind, 'none')" if needs_contact else kind_of(staged.mart, "s"),
        now=staged.now,
        **tables_of(staged.name),
    )
    return [(kind, n) for kind, n in wh.rows(query)]


def _kinds(contacts: Mart) -> str:
    key = f"cast(c.{name(contacts.entity.key)} as text)"
    return (
        f'select {key} as "_id", min({kind_of(contacts, "c")}) as kind '
        f"from {rows_of(contacts)} as c group by {key}"
    )
