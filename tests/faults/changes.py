"""What happens to the marts between two runs; each change returns what it did."""

import copy
from collections.abc import Callable

from tests.faults.marts import MARTS, HandMade, key_of
from tests.faults.rows import Row


def fill(crm: HandMade) -> str:
    """Put 5 to 60 rows into each mart, most often few."""
    dice = crm.dice
    most = dice.choices([8, 20, 60], [60, 30, 10])[0]
    for _ in range(dice.randint(2, 4)):
        crm.add("order_statuses", crm.make.status(crm.new_key("s")), crm.stamp())
    for _ in range(dice.randint(3, 6)):
        crm.add("products", crm.make.product(crm.new_key("p")), crm.stamp())
    touched = _new_contacts(crm, dice.randint(5, most)) + _new_orders(crm, dice.randint(5, most))
    touched += [(m, k) for m in ("order_statuses", "products") for k in crm.keys(m)]
    crm.write(touched)
    return ", ".join(f"{len(crm.rows[mart])} {mart}" for mart in MARTS)


def add(crm: HandMade) -> str:
    """New customers with orders."""
    touched = _new_contacts(crm, crm.dice.randint(0, 3)) + _new_orders(crm, crm.dice.randint(1, 4))
    if crm.dice.random() < 0.3:
        crm.add("products", crm.make.product(key := crm.new_key("p")), crm.stamp())
        touched.append(("products", key))
    crm.write(touched)
    return _told(touched)


def change(crm: HandMade) -> str:
    """Other contents."""
    rows = _some(crm, crm.dice.randint(1, 5))
    for row in rows:
        _renew(crm, row)
        row.updated_at = crm.stamp()
    return _write(crm, rows)


def touch(crm: HandMade) -> str:
    """Another timestamp over the same contents."""
    rows = _some(crm, crm.dice.randint(1, 8))
    for row in rows:
        row.updated_at = crm.stamp()
    return _write(crm, rows)


def turn_back(crm: HandMade) -> str:
    """Contents that the row had before, often under the timestamp that it has."""
    rows = _some(crm, crm.dice.randint(1, 5))
    for row in rows:
        row.cells = copy.deepcopy(crm.dice.choice(crm.past[row.mart, str(key_of(row))]))
        row.hashless = False
        if crm.dice.random() < 0.5:
            row.updated_at = crm.stamp()
    return _write(crm, rows)


def mass_update(crm: HandMade) -> str:
    """One timestamp for all rows of a mart, and other contents for some."""
    mart = crm.dice.choice(["contacts", "orders"])
    stamp = crm.stamp()
    rows = [row for row in crm.rows[mart] if key_of(row)]
    for row in rows:
        row.updated_at = stamp
        if crm.dice.random() < 0.5:
            _renew(crm, row)
    return _write(crm, rows)


def delete(crm: HandMade) -> str:
    """Rows that are gone; a status is never taken away, since orders have it."""
    rows = [row for row in _some(crm, crm.dice.randint(1, 2)) if row.mart != "order_statuses"]
    for row in rows:
        crm.rows[row.mart] = [other for other in crm.rows[row.mart] if other is not row]
    return _write(crm, rows)


def spoil(crm: HandMade) -> str:
    """Rows that Metrica would not take."""
    ways = []
    rows = _some(crm, crm.dice.randint(1, 3))
    for row in rows:
        ways.append(crm.make.spoilt(row))
        row.updated_at = crm.stamp()
    return f"{_write(crm, rows)} by {', '.join(ways)}"


def repair(crm: HandMade) -> str:
    """Every row as good as new, and each id once."""
    rows = []
    for mart in MARTS:
        seen: set[str | None] = {None}
        for row in list(crm.rows[mart]):
            if key_of(row) in seen:
                crm.rows[mart] = [other for other in crm.rows[mart] if other is not row]
            elif row.hashless or crm.dice.random() < 0.5:
                _renew(crm, row)
                row.updated_at = crm.stamp()
            seen.add(key_of(row))
            rows.append(row)
    return _write(crm, rows)


def duplicate(crm: HandMade) -> str:
    """Ids that two rows have, and rows that have none."""
    rows = _some(crm, 2)
    for row in rows:
        twin = copy.deepcopy(row)
        crm.rows[row.mart].append(twin)
        if crm.dice.random() < 0.5:
            _renew(crm, twin)
        if crm.dice.random() < 0.2:
            nameless = copy.deepcopy(row)
            nameless.cells |= {
                name: None for name in ("id", "uniq_id", "name") if _is_key(row, name)
            }
            crm.rows[row.mart].append(nameless)
            crm.write([(row.mart, None)])
    return _write(crm, rows)


def map_status(crm: HandMade) -> str:
    """The status `mystery`, which spoilt orders have, becomes known."""
    if "mystery" not in crm.keys("order_statuses"):
        crm.add("order_statuses", crm.make.status("mystery"), crm.stamp())
    crm.write([("order_statuses", "mystery")])
    return "mystery"


def rehash(crm: HandMade) -> str:
    """Another hash for every row under the same timestamps, as after a change of a rule."""
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
    """Other contents for up to six contacts, under later timestamps."""
    contacts = [row for row in crm.rows["contacts"] if key_of(row)]
    rows = crm.dice.sample(contacts, k=min(len(contacts), 6))
    for row in rows:
        _renew(crm, row)
        row.updated_at = crm.later()
    return _write(crm, rows)


def change_all(crm: HandMade, mart: str) -> str:
    """Other contents for every row of a mart."""
    for row in crm.rows[mart]:
        _renew(crm, row)
        row.updated_at = crm.later()
    return _write(crm, crm.rows[mart])


def turn_all_back(crm: HandMade) -> str:
    """The very first contents of every row, under the timestamp that it has."""
    rows = [row for mart in MARTS for row in crm.rows[mart]]
    for row in rows:
        row.cells = copy.deepcopy(crm.past[row.mart, str(key_of(row))][0])
    return _write(crm, rows)


def late(crm: HandMade, run: Callable[[], None]) -> str:
    """Rows of an old timestamp, written before a run and committed after it.

    A DuckDB file has one writer at a time, so there they are written after it.
    """
    touched = _new_contacts(crm, 1) + _new_orders(crm, 2)
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
    return _told(touched)


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
    "rehash": (1, rehash),
    "rebuild": (1, rebuild),
}
"""Every change by name, with its weight in the choice."""

_Touched = list[tuple[str, str | None]]


def _new_contacts(crm: HandMade, count: int) -> _Touched:
    keys = [crm.new_key("c") for _ in range(count)]
    for key in keys:
        crm.add("contacts", crm.make.contact(key), crm.stamp())
    return [("contacts", key) for key in keys]


def _new_orders(crm: HandMade, count: int) -> _Touched:
    keys = [crm.new_key("o") for _ in range(count)]
    for key in keys:
        crm.add("orders", _order(crm, key), crm.stamp())
    return [("orders", key) for key in keys]


def _order(crm: HandMade, key: str) -> dict[str, object]:
    statuses = [*crm.keys("order_statuses"), "PAID"]
    contact = crm.dice.choice(crm.keys("contacts") or ["nobody"])
    return crm.make.order(key, contact, statuses, crm.keys("products"))


def _renew(crm: HandMade, row: Row) -> None:
    key = str(key_of(row))
    if row.mart == "orders":
        row.cells = _order(crm, key)
    else:
        make = {"contacts": crm.make.contact, "products": crm.make.product}
        row.cells = make.get(row.mart, crm.make.status)(key)
    row.hashless = False
    crm.remember(row)


def _some(crm: HandMade, count: int) -> list[Row]:
    named = [row for mart in MARTS for row in crm.rows[mart] if key_of(row)]
    weights = [3 if row.mart in {"contacts", "orders"} else 1 for row in named]
    return list({id(row): row for row in crm.dice.choices(named, weights, k=count)}.values())


def _is_key(row: Row, name: str) -> bool:
    return {"orders": "id", "contacts": "uniq_id", "products": "name"}.get(row.mart, "id") == name


def _write(crm: HandMade, rows: list[Row]) -> str:
    touched: _Touched = [(row.mart, key_of(row)) for row in rows]
    crm.write(touched)
    return _told(touched)


def _told(touched: _Touched) -> str:
    return f"{len(touched)} rows" if len(touched) > 4 else ", ".join(f"{k}" for _, k in touched)
