"""Changes of the orders' status paths between two runs; each returns a description of itself."""

from tests.faults.generated_marts import GeneratedMarts
from tests.faults.row_edits import available_statuses, row_path, set_path, write_rows
from tests.faults.row_generator import GeneratedRow


def advance_orders(marts: GeneratedMarts) -> str:
    """Append one or several statuses to the paths of random orders."""
    rows = _random_orders(marts)
    for row in rows:
        set_path(marts, row, marts.generator.random_path(available_statuses(marts), row_path(row)))
        row.updated_at = marts.random_updated_at()
    return write_rows(marts, rows)


def rewrite_paths(marts: GeneratedMarts) -> str:
    """Replace the status paths of random orders; some keep their last status, some lose the path.

    Each path is cut, prefixed, sorted, continued from its last but one status, or reduced to
    its last status.
    """
    rows = _random_orders(marts)
    generator, statuses = marts.generator, available_statuses(marts)
    for row in rows:
        path = row_path(row) or ["IN_PROGRESS"]
        match marts.rng.randint(1, 5):
            case 1:
                path = path[len(path) // 2 :]
            case 2:
                path = [*generator.random_path(statuses), *path]
            case 3:
                path = sorted(path)
            case 4:
                path = generator.random_path(statuses, path[:-1])
            case _:
                path = path[-1:]
        set_path(marts, row, path)
        if len(path) == 1:
            row.cells["status_path"] = None
            marts.record_cells(row)
        row.updated_at = marts.random_updated_at()
    return write_rows(marts, rows)


def pay_most_orders(marts: GeneratedMarts) -> str:
    """Change the status of most orders to PAID."""
    rows = [row for row in marts.rows["orders"] if row_path(row) and marts.rng.random() < 0.8]
    for row in rows:
        if row_path(row)[-1] != "PAID":
            set_path(marts, row, [*row_path(row), "PAID"])
        row.updated_at = marts.random_updated_at()
    return write_rows(marts, rows)


def delete_third_of_orders(marts: GeneratedMarts) -> str:
    """Delete a third of the orders, as a dbt build over an incomplete CRM does."""
    orders = [row for row in marts.rows["orders"] if row_path(row)]
    deleted = marts.rng.sample(orders, k=len(orders) // 3)
    marts.rows["orders"] = [
        row for row in marts.rows["orders"] if not any(row is other for other in deleted)
    ]
    marts.write(("orders", row.cells["id"]) for row in deleted)
    return f"{len(deleted)} orders"


def _random_orders(marts: GeneratedMarts) -> list[GeneratedRow]:
    orders = [row for row in marts.rows["orders"] if row.cells["id"]]
    return marts.rng.sample(orders, k=min(len(orders), marts.rng.randint(1, 6)))
