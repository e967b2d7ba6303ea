"""Edits of single rows of generated marts. `mart_changes` and `path_changes` combine them."""

from tests.faults.generated_marts import GeneratedMarts, RowRef, row_key
from tests.faults.readers import MARTS
from tests.faults.row_generator import Cells, GeneratedRow

_KEEP_PATH_PROBABILITY = 0.5


def add_contacts(marts: GeneratedMarts, count: int) -> list[RowRef]:
    keys = [marts.new_key("c") for _ in range(count)]
    for key in keys:
        marts.add("contacts", marts.generator.contact(key), marts.random_updated_at())
    return [("contacts", key) for key in keys]


def add_orders(marts: GeneratedMarts, count: int) -> list[RowRef]:
    keys = [marts.new_key("o") for _ in range(count)]
    for key in keys:
        marts.add("orders", _order_cells(marts, key), marts.random_updated_at())
    return [("orders", key) for key in keys]


def available_statuses(marts: GeneratedMarts) -> list[str]:
    return [*marts.keys("order_statuses"), "PAID", "IN_PROGRESS"]


def _order_cells(marts: GeneratedMarts, key: str, path: list[str] | None = None) -> Cells:
    contact = marts.rng.choice(marts.keys("contacts") or ["nobody"])
    if not path:
        max_new = marts.rng.choice([1, 1, 2, 4])
        path = marts.generator.random_path(available_statuses(marts), max_new=max_new)
    return marts.generator.order(key, contact, path, marts.keys("products"))


def row_path(row: GeneratedRow) -> list[str]:
    """Return the status path of an order; empty if it does not end in the order's status."""
    status, status_path = row.cells["order_status"], row.cells.get("status_path")
    path = str(status_path).split(",") if status_path else [str(status)] if status else []
    return path if path[-1:] == [status] else []


def regenerate_cells(marts: GeneratedMarts, row: GeneratedRow) -> None:
    """Give a row new random cells; an order may keep its status path."""
    key = str(row_key(row))
    if row.mart == "orders":
        keeps_path = marts.rng.random() < _KEEP_PATH_PROBABILITY
        row.cells = _order_cells(marts, key, row_path(row) if keeps_path else None)
    else:
        generators = {"contacts": marts.generator.contact, "products": marts.generator.product}
        row.cells = generators.get(row.mart, marts.generator.status)(key)
    row.has_no_hash = False
    marts.record_cells(row)


def set_path(marts: GeneratedMarts, row: GeneratedRow, path: list[str]) -> None:
    """Set the status path of an order, and its status to the last one of the path."""
    row.cells = row.cells | {"order_status": path[-1], "status_path": ",".join(path)}
    marts.record_cells(row)


def random_rows(marts: GeneratedMarts, count: int) -> list[GeneratedRow]:
    """Return one to `count` rows that have an id, contacts and orders more often."""
    rows = [row for mart in MARTS for row in marts.rows[mart] if row_key(row)]
    weights = [3 if row.mart in {"contacts", "orders"} else 1 for row in rows]
    return list({id(row): row for row in marts.rng.choices(rows, weights, k=count)}.values())


def write_rows(marts: GeneratedMarts, rows: list[GeneratedRow]) -> str:
    """Write rows to the warehouse; return a description of them."""
    row_refs: list[RowRef] = [(row.mart, row_key(row)) for row in rows]
    marts.write(row_refs)
    return describe(row_refs)


def describe(row_refs: list[RowRef]) -> str:
    """Return the keys of a few rows, or the number of more than four."""
    if len(row_refs) > 4:
        return f"{len(row_refs)} rows"
    return ", ".join(f"{key}" for _, key in row_refs)
