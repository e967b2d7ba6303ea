"""Orders and revenue by type of status: in the CRM, delivered, and tied to visits."""

from dataclasses import dataclass
from decimal import Decimal

from metrica_export.report.subject import Subject, day
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import tables_of


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of orders and their revenue."""

    orders: int
    revenue: Decimal


@dataclass(frozen=True, slots=True)
class StatusType:
    """The orders of one type of status in one currency.

    `status_type` is None for statuses without a mapping. The orders of the CRM are the delivered,
    pending, held and rejected ones.
    """

    status_type: str | None
    currency: str | None
    crm: Amount
    delivered: Amount
    pending: Amount
    held: Amount
    rejected: Amount


def read_revenue(subject: Subject) -> tuple[StatusType, ...]:
    """Return the orders of the report's months by type of status, most revenue first."""
    query = render(
        __package__,
        "revenue",
        first_month=day(subject.first_month),
        tomorrow=day(subject.tomorrow),
        **tables_of(subject.orders.name),
    )
    return tuple(_status_type(*line) for line in subject.wh.rows(query))


def main_currency(
    types: tuple[StatusType, ...],
) -> tuple[str | None, tuple[StatusType, ...]]:
    """Return the currency of most orders, and its lines."""
    if not types:
        return None, ()
    sums: dict[str | None, int] = {}
    for each in types:
        sums[each.currency] = sums.get(each.currency, 0) + each.crm.orders
    currency = max(sums, key=lambda each: sums[each])
    return currency, tuple(each for each in types if each.currency == currency)


def _status_type(status_type: str | None, currency: str | None, *sums: int | Decimal) -> StatusType:
    pairs = zip(sums[::2], sums[1::2], strict=True)
    amounts = [Amount(int(orders), Decimal(revenue)) for orders, revenue in pairs]
    return StatusType(status_type, currency, *amounts)
