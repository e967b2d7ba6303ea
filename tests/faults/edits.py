"""Edits of hand-made marts that the changes are made of."""

from tests.faults.marts import MARTS, HandMade, key_of
from tests.faults.rows import Row

Touched = list[tuple[str, str | None]]
"""Marts and ids of the rows that were changed."""


def new_contacts(crm: HandMade, count: int) -> Touched:
    keys = [crm.new_key("c") for _ in range(count)]
    for key in keys:
        crm.add("contacts", crm.make.contact(key), crm.stamp())
    return [("contacts", key) for key in keys]


def new_orders(crm: HandMade, count: int) -> Touched:
    keys = [crm.new_key("o") for _ in range(count)]
    for key in keys:
        crm.add("orders", _order(crm, key), crm.stamp())
    return [("orders", key) for key in keys]


def _order(crm: HandMade, key: str) -> dict[str, object]:
    statuses = [*crm.keys("order_statuses"), "PAID"]
    contact = crm.dice.choice(crm.keys("contacts") or ["nobody"])
    return crm.make.order(key, contact, statuses, crm.keys("products"))


def give_other_cells(crm: HandMade, row: Row) -> None:
    key = str(key_of(row))
    if row.mart == "orders":
        row.cells = _order(crm, key)
    else:
        make = {"contacts": crm.make.contact, "products": crm.make.product}
        row.cells = make.get(row.mart, crm.make.status)(key)
    row.hashless = False
    crm.remember(row)


def some(crm: HandMade, count: int) -> list[Row]:
    named = [row for mart in MARTS for row in crm.rows[mart] if key_of(row)]
    weights = [3 if row.mart in {"contacts", "orders"} else 1 for row in named]
    return list({id(row): row for row in crm.dice.choices(named, weights, k=count)}.values())


def write(crm: HandMade, rows: list[Row]) -> str:
    touched: Touched = [(row.mart, key_of(row)) for row in rows]
    crm.write(touched)
    return told(touched)


def told(touched: Touched) -> str:
    return f"{len(touched)} rows" if len(touched) > 4 else ", ".join(f"{k}" for _, k in touched)
