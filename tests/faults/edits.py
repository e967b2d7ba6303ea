"""Edits of hand-made marts that the changes are made of."""

from tests.faults.marts import HandMade, key_of
from tests.faults.reading import MARTS
from tests.faults.rows import Row

Touched = list[tuple[str, str | None]]
"""Marts and ids of the rows that were changed."""

_STAYS = 0.5


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


def statuses(crm: HandMade) -> list[str]:
    return [*crm.keys("order_statuses"), "PAID", "IN_PROGRESS"]


def _order(crm: HandMade, key: str, path: list[str] | None = None) -> dict[str, object]:
    contact = crm.dice.choice(crm.keys("contacts") or ["nobody"])
    path = path or crm.make.path(statuses(crm), most=crm.dice.choice([1, 1, 2, 4]))
    return crm.make.order(key, contact, path, crm.keys("products"))


def path_of(row: Row) -> list[str]:
    """Return the way of an order, none if it is not one that leads to its status."""
    status, path = row.cells["order_status"], row.cells.get("status_path")
    found = str(path).split(",") if path else [str(status)] if status else []
    return found if found[-1:] == [status] else []


def give_other_cells(crm: HandMade, row: Row) -> None:
    """Give a row other contents; an order may stay where it is on its way."""
    key = str(key_of(row))
    if row.mart == "orders":
        row.cells = _order(crm, key, path_of(row) if crm.dice.random() < _STAYS else None)
    else:
        make = {"contacts": crm.make.contact, "products": crm.make.product}
        row.cells = make.get(row.mart, crm.make.status)(key)
    row.hashless = False
    crm.remember(row)


def go_on(crm: HandMade, row: Row, path: list[str]) -> None:
    """Give an order another way, and its last status with it."""
    row.cells = row.cells | {"order_status": path[-1], "status_path": ",".join(path)}
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
