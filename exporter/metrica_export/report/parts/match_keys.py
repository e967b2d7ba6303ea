"""Match keys by month: the orders whose contact has identifiers that Metrica can recognise.

The join of all orders with all contacts is too slow for millions of them. Above `EXACT_ORDERS`
the figures are those of a sample: pages of a PostgreSQL table, otherwise the orders of contacts
that are chosen by a hash of the id.
"""

from dataclasses import dataclass
from datetime import date

from metrica_export.delta.checksum import hash_number
from metrica_export.metrica.formats import CONTACTS
from metrica_export.report.online import OnlineOrders
from metrica_export.report.subject import Subject, day
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.filters import rows_of
from metrica_export.warehouse.sql import name, quote
from metrica_export.warehouse.sql_files import render

EXACT_ORDERS = 500_000
"""Orders of the mart up to which every one counts."""

SAMPLED_ORDERS = 100_000
"""Orders on the pages of a sample: a share of a month's orders is then right to about a percent."""

_KINDS = ("client_ids", "phones", "emails")


@dataclass(frozen=True, slots=True)
class Month:
    """The orders of one month that could have had a visit, by kinds of identifiers.

    `orders` is the denominator. `offline` orders came through a channel without visits and are
    not in it.
    """

    month: date
    orders: int
    any_key: int
    client_id: int
    phone: int
    email: int
    offline: int


@dataclass(frozen=True, slots=True)
class MatchKeys:
    """The months of the report, oldest first, for one in `sample` orders.

    `online` is the rule for orders that could have had a visit; None counts all orders.
    """

    months: tuple[Month, ...]
    sample: int
    online: OnlineOrders | None


def read_match_keys(subject: Subject, online: OnlineOrders | None) -> MatchKeys:
    """Return the match keys by month; one join in the warehouse.

    Raises SettingsError if the orders mart lacks the attribute of `online`.
    """
    orders = subject.orders
    wh, known = subject.wh, subject.known_orders
    by_page = known > EXACT_ORDERS and wh.is_postgres and _has_pages(wh, orders)
    sample = max(1, -(-known // (SAMPLED_ORDERS if by_page else EXACT_ORDERS)))
    query = render(
        __package__,
        "match_keys",
        orders=rows_of(orders),
        first_month=day(subject.first_month),
        tomorrow=day(subject.tomorrow),
        could_visit=online.condition(orders, "o") if online else "true",
        table_sample=f"tablesample system ({100 / sample:.4f}) repeatable (1)" if by_page else "",
        **_sources(subject, 1 if by_page else sample),
    )
    months = subject.wh.rows(f"select * from {subject.wh.remote(query)} order by 1")
    return MatchKeys(tuple(Month(*line) for line in months), sample, online)


def _has_pages(wh: Attached, mart: Mart) -> bool:
    """Return whether PostgreSQL can read some pages of a mart: it is a table, without a filter."""
    if mart.condition is not None:
        return False
    table = quote(f"{name(mart.schema)}.{name(mart.table)}")
    oid = f"{table}::regclass"
    kind = f"select relkind = 'r' as is_table from pg_catalog.pg_class where oid = {oid}"
    return bool(wh.row(f"select is_table from {wh.remote(kind)}")[0])


def _sources(subject: Subject, sample: int) -> dict[str, str]:
    """Return the variables of the query: identifiers of contacts, or of simple orders."""
    wh, orders = subject.wh, subject.orders
    contacts = subject.mart(CONTACTS)
    if contacts is None or not orders.entity.needs_contact:
        keys = ", ".join(f"{_filled(orders, 'o', kind)} as {kind}" for kind in _KINDS)
        return {
            "keys": keys,
            "contacts": "",
            "order_in_sample": _in_sample(wh.is_postgres, "cast(o.id as text)", sample),
            **{kind: f"o.{kind}" for kind in _KINDS},
        }
    contact = "cast(o.client_uniq_id as text)"
    return {
        "keys": f"{contact} as contact_id",
        "contacts": rows_of(contacts),
        "contact_keys": ", ".join(f"{_filled(contacts, 'c', kind)} as {kind}" for kind in _KINDS),
        "order_in_sample": _in_sample(wh.is_postgres, contact, sample),
        "contact_in_sample": _in_sample(wh.is_postgres, "cast(c.uniq_id as text)", sample),
        **{kind: f"coalesce(c.{kind}, false)" for kind in _KINDS},
    }


def _in_sample(is_postgres: bool, text: str, sample: int) -> str:  # noqa: FBT001 - private
    if sample == 1:
        return "true"
    return f"coalesce({hash_number(text, postgres=is_postgres)} % {sample}, 0) = 0"


def _filled(mart: Mart, alias: str, kind: str) -> str:
    """Return SQL that is true for a row with identifiers of a kind, plain or as md5."""
    columns = [column for column in (kind, f"{kind}_md5") if mart.has(column)]
    found = [f"{alias}.{column} is not null" for column in columns]
    return f"({' or '.join(found)})" if found else "false"
