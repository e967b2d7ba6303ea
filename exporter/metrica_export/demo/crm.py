"""The demo's CRM: made up from a seed, then lived in day by day.

The tables are written by the SQL beside this module, in DuckDB alone. Names, addresses
and numbers are random; every e-mail domain is one that RFC 2606 keeps for examples.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files

import duckdb

ORDERS_PER_CONTACT = 3
CONTACTS_PER_PRODUCT = 10
MIN_CONTACTS = 200
CONTACTS_FROM = timedelta(days=730)
ORDERS_FROM = timedelta(days=120)

COMPARISON = """
    select
        entity,
        count(*) filter (changed),
        count(*) filter (moved and not changed),
        count(*) filter (not blocked and (changed or was_blocked))
    from (
        select
            now.entity,
            now.blocked,
            before.blocked as was_blocked,
            before.id is null or now.content <> before.content as changed,
            now.updated_at is distinct from before.updated_at as moved
        from crm_content() as now
        left join before on now.entity = before.entity and now.id = before.id
    )
    group by entity
"""


@dataclass(frozen=True, slots=True)
class EntityChanges:
    """What a day did to one entity, in rows of its mart.

    `changed` rows are new or differ in something that Metrica gets to know. `touched`
    rows have another timestamp and the same content. `to_send` is what an export after
    this day sends if the one before it was complete: the changed rows that Metrica can
    take, and unchanged orders whose contact it could not take until today.
    """

    changed: int
    touched: int
    to_send: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What a day did to the CRM, counted by comparing the tables before and after."""

    contacts: EntityChanges
    orders: EntityChanges
    products: EntityChanges


def create(
    con: duckdb.DuckDBPyConnection,
    *,
    now: datetime,
    seed: int = 7,
    contacts: int = 20_000,
) -> None:
    """Write a CRM as it stands at `now` into schema `crm`, replacing the one that is there.

    Three orders and seven and a half order lines come with each contact, a product with
    every tenth; the history of statuses is that of three weeks. The newest rows are minutes
    older than `now` and `next_day` goes on from there, so a demo that shows a day's changes
    starts a day ago. The same arguments write the same tables. It is one transaction of its
    own, beside any that `con` has open.

    Raises ValueError when `now` has no time zone or `contacts` is under 200.
    """
    if now.tzinfo is None:
        raise ValueError("The CRM's `now` has no time zone: pass an aware datetime")
    if contacts < MIN_CONTACTS:
        raise ValueError(f"A CRM of {contacts} contacts is too small: pass {MIN_CONTACTS} or more")
    now = now.replace(microsecond=0)
    with con.cursor() as session:
        session.begin()
        _run(session, "vocabulary", seed=seed)
        _run(session, "tables")
        opened = now - CONTACTS_FROM
        products = contacts // CONTACTS_PER_PRODUCT
        _run(session, "products", first=1, last=products, since=opened, until=now)
        _run(session, "contacts", first=1, last=contacts, since=opened, until=now)
        orders = contacts * ORDERS_PER_CONTACT
        _run(session, "orders", first=1, last=orders, since=now - ORDERS_FROM, until=now)
        _run(session, "flaws", until=now)
        session.commit()


def next_day(con: duckdb.DuckDBPyConnection, *, seed: int = 7) -> Changes:
    """Let the CRM that `create` wrote live for 24 hours after its newest change.

    Contacts and orders come in, orders move on by one status or by several, some rows are
    corrected or repaired, and some are touched without a change. It is one transaction, as
    in `create`.
    """
    with con.cursor() as session:
        session.begin()
        _run(session, "vocabulary", seed=seed)
        _run(session, "content")
        _run(session, "open_day")
        session.execute("create temp table before as from crm_content()")
        _run(session, "day")
        [(contacts, orders)] = session.execute(
            "select getvariable('contacts'), getvariable('orders')"
        ).fetchall()
        arrivals = max(1, contacts // CONTACTS_FROM.days)
        _run(session, "contacts", first=contacts + 1, last=contacts + arrivals)
        arrivals = max(1, contacts * ORDERS_PER_CONTACT // ORDERS_FROM.days)
        _run(session, "orders", first=orders + 1, last=orders + arrivals)
        rows = session.execute(COMPARISON).fetchall()
        session.commit()
    return Changes(**{entity: EntityChanges(*counts) for entity, *counts in rows})


def visits(con: duckdb.DuckDBPyConnection, *, zone: str) -> list[dict[str, str]]:
    """Return visits to the site that orders of the CRM were made in, as the emulator takes them.

    Each has `visit_id`, `started_at` by the clocks of `zone`, and its visitor's `client_id`.
    """
    with con.cursor() as session:
        found = session.execute(_script("visits"), {"zone": zone})
        names = [column for column, *_ in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _run(
    session: duckdb.DuckDBPyConnection, script: str, **variables: int | str | datetime
) -> None:
    """Run one of the scripts beside this module; each says which variables it reads."""
    for name, value in variables.items():
        session.execute(f"set variable {name} = ?", [value])
    session.execute(_script(script))


def _script(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
