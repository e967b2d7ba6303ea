"""What happens to the marts between two runs; each change returns what it did."""

import copy
from collections.abc import Callable

from tests.faults import paths
from tests.faults.edits import give_other_cells, new_contacts, new_orders, some, told, write
from tests.faults.marts import HandMade, key_of
from tests.faults.reading import MARTS
from tests.support.marts_fixture import KEYS


def fill(crm: HandMade) -> str:
    """Put 5 to 60 rows into each mart, most often few."""
    dice = crm.dice
    most = dice.choices([8, 20, 60], [60, 30, 10])[0]
    for _ in range(dice.randint(2, 4)):
        crm.add("order_statuses", crm.make.status(crm.new_key("s")), crm.stamp())
    for _ in range(dice.randint(3, 6)):
        crm.add("products", crm.make.product(crm.new_key("p")), crm.stamp())
    touched = new_contacts(crm, dice.randint(5, most)) + new_orders(crm, dice.randint(5, most))
    touched += [(m, k) for m in ("order_statuses", "products") for k in crm.keys(m)]
    crm.write(touched)
    return ", ".join(f"{len(crm.rows[mart])} {mart}" for mart in MARTS)


def add(crm: HandMade) -> str:
    """Add customers with orders."""
    touched = new_contacts(crm, crm.dice.randint(0, 3)) + new_orders(crm, crm.dice.randint(1, 4))
    if crm.dice.random() < 0.3:
        crm.add("products", crm.make.product(key := crm.new_key("p")), crm.stamp())
        touched.append(("products", key))
    crm.write(touched)
    return told(touched)


def change(crm: HandMade) -> str:
    """Give rows other contents."""
    rows = some(crm, crm.dice.randint(1, 5))
    for row in rows:
        give_other_cells(crm, row)
        row.updated_at = crm.stamp()
    return write(crm, rows)


def touch(crm: HandMade) -> str:
    """Give rows another timestamp and leave their contents."""
    rows = some(crm, crm.dice.randint(1, 8))
    for row in rows:
        row.updated_at = crm.stamp()
    return write(crm, rows)


def turn_back(crm: HandMade) -> str:
    """Give rows contents that they had before, often under the timestamp that they have."""
    rows = some(crm, crm.dice.randint(1, 5))
    for row in rows:
        row.cells = copy.deepcopy(crm.dice.choice(crm.past[row.mart, str(key_of(row))]))
        row.hashless = False
        if crm.dice.random() < 0.5:
            row.updated_at = crm.stamp()
    return write(crm, rows)


def mass_update(crm: HandMade) -> str:
    """Give all rows of a mart one timestamp, and some of them other contents."""
    mart = crm.dice.choice(["contacts", "orders"])
    stamp = crm.stamp()
    rows = [row for row in crm.rows[mart] if key_of(row)]
    for row in rows:
        row.updated_at = stamp
        if crm.dice.random() < 0.5:
            give_other_cells(crm, row)
    return write(crm, rows)


def delete(crm: HandMade) -> str:
    """Take rows away, but no status, since orders have it."""
    rows = [row for row in some(crm, crm.dice.randint(1, 2)) if row.mart != "order_statuses"]
    for row in rows:
        crm.rows[row.mart] = [other for other in crm.rows[row.mart] if other is not row]
    return write(crm, rows)


def spoil(crm: HandMade) -> str:
    """Make rows such that Metrica would not take them."""
    ways = []
    rows = some(crm, crm.dice.randint(1, 3))
    for row in rows:
        ways.append(crm.make.spoilt(row))
        row.updated_at = crm.stamp()
    return f"{write(crm, rows)} by {', '.join(ways)}"


def repair(crm: HandMade) -> str:
    """Make most rows as good as new, and each id unique."""
    rows = []
    for mart in MARTS:
        seen: set[str | None] = {None}
        for row in list(crm.rows[mart]):
            if key_of(row) in seen:
                crm.rows[mart] = [other for other in crm.rows[mart] if other is not row]
            elif row.hashless or crm.dice.random() < 0.5:
                give_other_cells(crm, row)
                row.updated_at = crm.stamp()
            seen.add(key_of(row))
            rows.append(row)
    return write(crm, rows)


def duplicate(crm: HandMade) -> str:
    """Let two rows have one id, and a row none."""
    rows = some(crm, 2)
    for row in rows:
        twin = copy.deepcopy(row)
        crm.rows[row.mart].append(twin)
        if crm.dice.random() < 0.5:
            give_other_cells(crm, twin)
        if crm.dice.random() < 0.2:
            nameless = copy.deepcopy(row)
            nameless.cells[KEYS[row.mart]] = None
            crm.rows[row.mart].append(nameless)
            crm.write([(row.mart, None)])
    return write(crm, rows)


def map_status(crm: HandMade) -> str:
    """Add the status `mystery`, which spoilt orders have."""
    if "mystery" not in crm.keys("order_statuses"):
        crm.add("order_statuses", crm.make.status("mystery"), crm.stamp())
    crm.write([("order_statuses", "mystery")])
    return "mystery"


def rehash(crm: HandMade) -> str:
    """Give every row another hash under its timestamp, as a changed rule of hashing does."""
    crm.rehash()
    return "all"


def rebuild(crm: HandMade) -> str:
    """Swap the tables for equal ones, as dbt's full refresh does."""
    with crm.warehouse.connection() as connection:
        for mart in MARTS:
            connection.execute(f"create table metrica.{mart}_new as select * from metrica.{mart}")
            connection.execute(f"drop table metrica.{mart}")
            connection.execute(f"alter table metrica.{mart}_new rename to {mart}")
    return "all"


def renew(crm: HandMade) -> str:
    """Give up to six contacts other contents and later timestamps."""
    contacts = [row for row in crm.rows["contacts"] if key_of(row)]
    rows = crm.dice.sample(contacts, k=min(len(contacts), 6))
    for row in rows:
        give_other_cells(crm, row)
        row.updated_at = crm.later()
    return write(crm, rows)


def change_all(crm: HandMade, mart: str) -> str:
    """Give every row of a mart other contents."""
    for row in crm.rows[mart]:
        give_other_cells(crm, row)
        row.updated_at = crm.later()
    return write(crm, crm.rows[mart])


def turn_all_back(crm: HandMade) -> str:
    """Give every row its very first contents under the timestamp that it has."""
    rows = [row for mart in MARTS for row in crm.rows[mart]]
    for row in rows:
        row.cells = copy.deepcopy(crm.past[row.mart, str(key_of(row))][0])
    return write(crm, rows)


def late(crm: HandMade, run: Callable[[], None]) -> str:
    """Write rows of an old timestamp before a run, and commit them after it.

    A DuckDB file has one writer at a time, so there they are written after it.
    """
    touched = new_contacts(crm, 1) + new_orders(crm, 2)
    for mart, key in touched:
        for row in crm.rows[mart]:
            if key_of(row) == key:
                row.updated_at = "2026-10-21 00:00:00+00"
    if crm.warehouse.database is None:
        run()
        crm.write(touched)
    else:
        with crm.warehouse.connection() as connection:
            for statement in crm.statements(touched):
                connection.execute(statement)
            run()
    return told(touched)


CHANGES: dict[str, tuple[int, Callable[[HandMade], str]]] = {
    "add": (5, add),
    "change": (8, change),
    "touch": (2, touch),
    "turn back": (5, turn_back),
    "mass update": (2, mass_update),
    "delete": (2, delete),
    "spoil": (4, spoil),
    "repair": (2, repair),
    "duplicate": (1, duplicate),
    "map status": (1, map_status),
    "move on": (7, paths.move_on),
    "write history anew": (3, paths.write_anew),
    "pay all": (1, paths.pay_all),
    "lose many": (1, paths.lose_many),
    "rehash": (1, rehash),
    "rebuild": (1, rebuild),
}
"""Every change by name, with its weight in the choice."""
