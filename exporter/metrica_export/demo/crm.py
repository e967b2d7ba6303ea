"""The demo's CRM: created from a random seed, then changed day by day.

The SQL files beside this module write the tables in DuckDB. Names, addresses and numbers are
random. RFC 2606 reserves every e-mail domain in them for examples.
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
    """The changes of one day in one entity, in rows of its mart.

    `changed` rows are new or have other content for Metrica. `touched` rows have another
    timestamp and equal content. `to_send` counts the rows that a run after this day sends if the
    run before it was complete: sendable changed rows, and unchanged orders whose contact became
    sendable.
    """

    changed: int
    touched: int
    to_send: int


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of one day in the CRM, from a comparison of the tables before and after."""

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
    """Write the state of a CRM at `now` into schema `crm`, and replace an existing one.

    Each contact has three orders with seven and a half order lines on average, and there is one
    product for ten contacts. The history of statuses covers three weeks. The newest rows are
    minutes older than `now`, and `next_day` continues from them, so a demo with a day of changes
    starts a day ago. Equal arguments write equal tables. The function uses a transaction of its
    own, apart from any open transaction of `con`.

    Raises ValueError if `now` has no time zone or `contacts` is under 200.
    """
    if now.tzinfo is None:
        raise ValueError("The CRM's `now` has no time zone. Pass an aware datetime.")
    if contacts < MIN_CONTACTS:
        raise ValueError(f"A CRM of {contacts} contacts is too small. Pass {MIN_CONTACTS} or more.")
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
    """Simulate 24 hours in the CRM of `create`, after its newest change.

    New contacts and orders arrive, orders take one or several statuses, some rows are corrected,
    and some are touched without a change. The function uses a transaction of its own.
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
    """Return the visits to the site in which orders of the CRM were made, for the emulator.

    Each has `visit_id`, `started_at` in the time zone `zone`, and the visitor's `client_id`.
    """
    with con.cursor() as session:
        found = session.execute(_script("visits"), {"zone": zone})
        names = [column for column, *_ in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _run(
    session: duckdb.DuckDBPyConnection, script: str, **variables: int | str | datetime
) -> None:
    """Run a script beside this module; its first comment names its variables."""
    for name, value in variables.items():
        session.execute(f"set variable {name} = ?", [value])
    session.execute(_script(script))


def _script(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
