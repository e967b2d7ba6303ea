"""Changes of the generated marts between two runs; each returns a description of itself."""

import copy
from collections.abc import Callable

from tests.faults import path_changes
from tests.faults.generated_marts import GeneratedMarts, row_key
from tests.faults.readers import MARTS
from tests.faults.row_edits import (
    add_contacts,
    add_orders,
    describe,
    random_rows,
    regenerate_cells,
    write_rows,
)
from tests.support.marts_fixture import KEYS


def fill_marts(marts: GeneratedMarts) -> str:
    """Add 5 to 60 contacts and orders, usually few, and some statuses and products."""
    rng = marts.rng
    most = rng.choices([8, 20, 60], [60, 30, 10])[0]
    for _ in range(rng.randint(2, 4)):
        status = marts.generator.status(marts.new_key("s"))
        marts.add("order_statuses", status, marts.random_updated_at())
    for _ in range(rng.randint(3, 6)):
        product = marts.generator.product(marts.new_key("p"))
        marts.add("products", product, marts.random_updated_at())
    row_refs = add_contacts(marts, rng.randint(5, most)) + add_orders(marts, rng.randint(5, most))
    row_refs += [(m, k) for m in ("order_statuses", "products") for k in marts.keys(m)]
    marts.write(row_refs)
    return ", ".join(f"{len(marts.rows[mart])} {mart}" for mart in MARTS)


def add_rows(marts: GeneratedMarts) -> str:
    """Add contacts and orders, sometimes a product."""
    rng = marts.rng
    row_refs = add_contacts(marts, rng.randint(0, 3)) + add_orders(marts, rng.randint(1, 4))
    if rng.random() < 0.3:
        product = marts.generator.product(key := marts.new_key("p"))
        marts.add("products", product, marts.random_updated_at())
        row_refs.append(("products", key))
    marts.write(row_refs)
    return describe(row_refs)


def change_rows(marts: GeneratedMarts) -> str:
    """Give random rows new cells and timestamps."""
    rows = random_rows(marts, marts.rng.randint(1, 5))
    for row in rows:
        regenerate_cells(marts, row)
        row.updated_at = marts.random_updated_at()
    return write_rows(marts, rows)


def change_timestamps(marts: GeneratedMarts) -> str:
    """Give random rows another `updated_at` and keep their cells."""
    rows = random_rows(marts, marts.rng.randint(1, 8))
    for row in rows:
        row.updated_at = marts.random_updated_at()
    return write_rows(marts, rows)


def revert_rows(marts: GeneratedMarts) -> str:
    """Give random rows the cells of an earlier version, half of them under the same timestamp."""
    rows = random_rows(marts, marts.rng.randint(1, 5))
    for row in rows:
        row.cells = copy.deepcopy(marts.rng.choice(marts.past_cells[row.mart, str(row_key(row))]))
        row.has_no_hash = False
        if marts.rng.random() < 0.5:
            row.updated_at = marts.random_updated_at()
    return write_rows(marts, rows)


def update_mart(marts: GeneratedMarts) -> str:
    """Give all rows of a mart one timestamp, and half of them new cells."""
    mart = marts.rng.choice(["contacts", "orders"])
    updated_at = marts.random_updated_at()
    rows = [row for row in marts.rows[mart] if row_key(row)]
    for row in rows:
        row.updated_at = updated_at
        if marts.rng.random() < 0.5:
            regenerate_cells(marts, row)
    return write_rows(marts, rows)


def delete_rows(marts: GeneratedMarts) -> str:
    """Delete random rows, except statuses, because orders refer to them."""
    rows = random_rows(marts, marts.rng.randint(1, 2))
    rows = [row for row in rows if row.mart != "order_statuses"]
    for row in rows:
        marts.rows[row.mart] = [other for other in marts.rows[row.mart] if other is not row]
    return write_rows(marts, rows)


def make_rows_invalid(marts: GeneratedMarts) -> str:
    """Put invalid cells into random rows."""
    problems = []
    rows = random_rows(marts, marts.rng.randint(1, 3))
    for row in rows:
        problems.append(marts.generator.make_invalid(row))
        row.updated_at = marts.random_updated_at()
    return f"{write_rows(marts, rows)}: {', '.join(problems)}"


def repair_rows(marts: GeneratedMarts) -> str:
    """Give most rows valid cells, and remove rows with a duplicate id or without one."""
    rows = []
    for mart in MARTS:
        unique: set[str | None] = {None}
        for row in list(marts.rows[mart]):
            if row_key(row) in unique:
                marts.rows[mart] = [other for other in marts.rows[mart] if other is not row]
            elif row.has_no_hash or marts.rng.random() < 0.5:
                regenerate_cells(marts, row)
                row.updated_at = marts.random_updated_at()
            unique.add(row_key(row))
            rows.append(row)
    return write_rows(marts, rows)


def duplicate_ids(marts: GeneratedMarts) -> str:
    """Add copies of up to two rows under the same id, sometimes also without an id."""
    rows = random_rows(marts, 2)
    for row in rows:
        duplicate = copy.deepcopy(row)
        marts.rows[row.mart].append(duplicate)
        if marts.rng.random() < 0.5:
            regenerate_cells(marts, duplicate)
        if marts.rng.random() < 0.2:
            without_id = copy.deepcopy(row)
            without_id.cells[KEYS[row.mart]] = None
            marts.rows[row.mart].append(without_id)
            marts.write([(row.mart, None)])
    return write_rows(marts, rows)


def map_status(marts: GeneratedMarts) -> str:
    """Add the status `mystery`, which some invalid orders have."""
    if "mystery" not in marts.keys("order_statuses"):
        status = marts.generator.status("mystery")
        marts.add("order_statuses", status, marts.random_updated_at())
    marts.write([("order_statuses", "mystery")])
    return "mystery"


def change_hashes(marts: GeneratedMarts) -> str:
    """Change every row hash but no timestamp, as a changed hash rule does."""
    marts.change_hashes()
    return "all"


def rebuild_tables(marts: GeneratedMarts) -> str:
    """Replace the tables by equal ones, as dbt's full refresh does."""
    with marts.warehouse.connection() as connection:
        for mart in MARTS:
            connection.execute(f"create table metrica.{mart}_new as select * from metrica.{mart}")
            connection.execute(f"drop table metrica.{mart}")
            connection.execute(f"alter table metrica.{mart}_new rename to {mart}")
    return "all"


def update_contacts(marts: GeneratedMarts) -> str:
    """Give up to six contacts new cells and later timestamps."""
    contacts = [row for row in marts.rows["contacts"] if row_key(row)]
    rows = marts.rng.sample(contacts, k=min(len(contacts), 6))
    for row in rows:
        regenerate_cells(marts, row)
        row.updated_at = marts.next_updated_at()
    return write_rows(marts, rows)


def change_every_row(marts: GeneratedMarts, mart: str) -> str:
    """Give every row of a mart new cells and a later timestamp."""
    for row in marts.rows[mart]:
        regenerate_cells(marts, row)
        row.updated_at = marts.next_updated_at()
    return write_rows(marts, marts.rows[mart])


def revert_every_row(marts: GeneratedMarts) -> str:
    """Give every row the cells of its first version and keep its timestamp."""
    rows = [row for mart in MARTS for row in marts.rows[mart]]
    for row in rows:
        row.cells = copy.deepcopy(marts.past_cells[row.mart, str(row_key(row))][0])
    return write_rows(marts, rows)


def commit_late(marts: GeneratedMarts, run: Callable[[], None]) -> str:
    """Write rows with an old timestamp before a run, and commit them after it.

    A DuckDB file has one writer at a time, so there the rows are written after the run.
    """
    row_refs = add_contacts(marts, 1) + add_orders(marts, 2)
    for mart, key in row_refs:
        for row in marts.rows[mart]:
            if row_key(row) == key:
                row.updated_at = "2026-10-21 00:00:00+00"
    if marts.warehouse.database is None:
        run()
        marts.write(row_refs)
    else:
        with marts.warehouse.connection() as connection:
            for statement in marts.write_statements(row_refs):
                connection.execute(statement)
            run()
    return describe(row_refs)


CHANGES: dict[str, tuple[int, Callable[[GeneratedMarts], str]]] = {
    "add rows": (5, add_rows),
    "change rows": (8, change_rows),
    "change timestamps": (2, change_timestamps),
    "revert rows": (5, revert_rows),
    "update a mart": (2, update_mart),
    "delete rows": (2, delete_rows),
    "make rows invalid": (4, make_rows_invalid),
    "repair rows": (2, repair_rows),
    "duplicate ids": (1, duplicate_ids),
    "map status": (1, map_status),
    "advance orders": (7, path_changes.advance_orders),
    "rewrite status paths": (3, path_changes.rewrite_paths),
    "pay most orders": (1, path_changes.pay_most_orders),
    "delete a third of orders": (1, path_changes.delete_third_of_orders),
    "change hashes": (1, change_hashes),
    "rebuild tables": (1, rebuild_tables),
}
"""Every change by name, with its weight in the random choice."""
