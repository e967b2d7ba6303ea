"""What happens to the ways of orders between two runs; each change returns what it did."""

from tests.faults.edits import go_on, path_of, statuses, write
from tests.faults.marts import HandMade
from tests.faults.rows import Row


def move_on(crm: HandMade) -> str:
    """Let orders go on to one or several more statuses."""
    rows = _some_orders(crm)
    for row in rows:
        go_on(crm, row, crm.make.path(statuses(crm), path_of(row)))
        row.updated_at = crm.stamp()
    return write(crm, rows)


def write_anew(crm: HandMade) -> str:
    """Give orders another history, or none, that ends as it did or elsewhere."""
    rows = _some_orders(crm)
    for row in rows:
        path = path_of(row) or ["IN_PROGRESS"]
        match crm.dice.randint(1, 5):
            case 1:
                path = path[len(path) // 2 :]
            case 2:
                path = [*crm.make.path(statuses(crm)), *path]
            case 3:
                path = sorted(path)
            case 4:
                path = [*path[:-1], *crm.make.path(statuses(crm), path[:-1])[len(path) - 1 :]]
            case _:
                path = path[-1:]
        go_on(crm, row, path)
        if len(path) == 1:
            row.cells["status_path"] = None
            crm.remember(row)
        row.updated_at = crm.stamp()
    return write(crm, rows)


def pay_all(crm: HandMade) -> str:
    """Let most orders turn PAID at once."""
    rows = [row for row in crm.rows["orders"] if path_of(row) and crm.dice.random() < 0.8]
    for row in rows:
        if path_of(row)[-1] != "PAID":
            go_on(crm, row, [*path_of(row), "PAID"])
        row.updated_at = crm.stamp()
    return write(crm, rows)


def lose_many(crm: HandMade) -> str:
    """Take a third of the orders away, as a build over half a CRM does."""
    orders = [row for row in crm.rows["orders"] if path_of(row)]
    gone = crm.dice.sample(orders, k=len(orders) // 3)
    crm.rows["orders"] = [row for row in crm.rows["orders"] if not any(row is g for g in gone)]
    crm.write(("orders", row.cells["id"]) for row in gone)
    return f"{len(gone)} orders"


def _some_orders(crm: HandMade) -> list[Row]:
    orders = [row for row in crm.rows["orders"] if row.cells["id"]]
    return crm.dice.sample(orders, k=min(len(orders), crm.dice.randint(1, 6)))
