"""Marts after a second build: tables are exact, incremental marts miss documented changes."""

import pytest
from metrica_export.metrica.formats import Attribute

from tests.dbt import crm
from tests.dbt.added_column import Column
from tests.dbt.conftest import Warehouses
from tests.dbt.incremental_marts import PAGE, make_incremental
from tests.dbt.warehouse import Warehouse


def edit(warehouse: Warehouse, path: str, old: str, new: str) -> None:
    file = warehouse.project / path
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def orders(warehouse: Warehouse, column: str = "revenue") -> dict[str, str]:
    rows = warehouse.rows(f"select id, {column} from metrica.orders order by id")
    return {order: str(value) for order, value in rows}


def late_row(warehouse: Warehouse) -> dict[str, object]:
    warehouse.run(
        "insert into crm.orders (order_id, contact_id, status, revenue, updated_at)"
        " values (9, 'C-1', 'new', 9, '2020-01-01 00:00:00+00')"
    )
    return {}


def deleted_row(warehouse: Warehouse) -> dict[str, object]:
    warehouse.run("delete from crm.orders where order_id = 2")
    return {}


def changed_row_with_an_old_time(warehouse: Warehouse) -> dict[str, object]:
    warehouse.run("update crm.orders set revenue = 5 where order_id = 1")
    return {}


def deleted_line(warehouse: Warehouse) -> dict[str, object]:
    warehouse.run("delete from crm.order_items where order_id = 3 and product_id = 'p9'")
    return {}


def changed_var(_: Warehouse) -> dict[str, object]:
    return {"default_currency": "KZT"}


def changed_map(warehouse: Warehouse) -> dict[str, object]:
    edit(warehouse, "seeds/order_status_map.csv", "\nnew,new,", "\nnew,fresh,")
    return {}


CHANGES = [
    late_row,
    deleted_row,
    changed_row_with_an_old_time,
    deleted_line,
    changed_var,
    changed_map,
]
SELECT = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")


def build_all_changes(warehouse: Warehouse, *flags: str) -> None:
    variables: dict[str, object] = {}
    for change in CHANGES:
        variables |= change(warehouse)
    outcome = warehouse.dbt("build", *SELECT, *flags, **variables)
    assert outcome.success, outcome.complaints


def fill(warehouse: Warehouse) -> None:
    warehouse.run(
        *crm.SAMPLE,
        "update crm.orders set updated_at = '2026-02-01 10:00:00+00' where order_id = 2",
        """insert into crm.orders (order_id, contact_id, status, revenue, updated_at) values
            (4, 'C-1', 'new', 4, '2026-03-01 00:00:00+00'),
            (7, 'C-1', 'new', 7, '2026-02-01 00:00:00+00')""",
    )


EXACT = {"1": "5.00", "3": "0.00", "4": "4.00", "7": "7.00", "9": "9.00"}


def test_tables_take_every_change_with_a_plain_build(warehouse: Warehouse) -> None:
    fill(warehouse)
    assert warehouse.dbt("build", *SELECT).success
    build_all_changes(warehouse)
    assert orders(warehouse) == EXACT
    assert orders(warehouse, "currency")["1"] == "KZT"
    assert orders(warehouse, "products")["3"] == "p1:2"
    assert orders(warehouse, "order_status")["4"] == "fresh"
    warehouse.run("delete from crm.contacts where contact_id = 'C-1'")
    warehouse.run("delete from crm.contact_identifiers where contact_id = 'C-1'")
    assert warehouse.dbt("run").success
    # Personal data leaves with the row that held it.
    for table in ("int_identifier_cells", "int_phone_spellings", "int_contact_identifiers"):
        cells = warehouse.rows(f"select cell from metrica_work.{table}")
        assert "8 (999) 555-11-11" not in {cell for (cell,) in cells}


def test_incremental_marts_take_new_rows_and_miss_documented_changes(warehouse: Warehouse) -> None:
    make_incremental(warehouse.project)
    fill(warehouse)
    assert warehouse.dbt("build", *SELECT).success
    warehouse.run(
        # Behind the newest row, and within three days of it.
        "insert into crm.orders (order_id, status, revenue, updated_at)"
        " values (5, 'new', 5, '2026-02-28 00:00:00+00')",
        "insert into crm.orders (order_id, status, revenue) values (6, 'new', 6)",
        # A new line brings the other changes of its order along.
        "insert into crm.order_items values (7, 'p1', 7, '2026-03-01 00:00:00+00')",
        "update crm.orders set revenue = 8 where order_id = 7",
    )
    build_all_changes(warehouse)
    new = {"5": "5.00", "6": "6.00", "7": "8.00"}
    assert orders(warehouse) == {"1": "100.01", "2": "None", "3": "0.00", "4": "4.00"} | new
    assert orders(warehouse, "currency")["1"] == "RUB"
    assert orders(warehouse, "products")["3"] == "p1:2,p9:1"
    statuses = orders(warehouse, "order_status")
    assert (statuses["3"], statuses["5"], statuses["7"]) == ("new", "fresh", "fresh")
    built = warehouse.rows("select count(*) from metrica_work.mart_builds where mart = 'orders'")
    assert built == [(2,)]
    edit(warehouse, "seeds/order_status_map.csv", "\nnew,fresh", "\nnew,new")
    outcome = warehouse.dbt("build", *SELECT, "--full-refresh", default_currency="KZT")
    assert outcome.success, outcome.complaints
    assert orders(warehouse) == EXACT | new


def test_incremental_marts_are_not_blinded_by_a_time_in_the_future(
    warehouses: Warehouses,
) -> None:
    warehouse = warehouses.make("duckdb")
    make_incremental(warehouse.project, "merge")
    fill(warehouse)
    warehouse.run("update crm.orders set updated_at = '2999-01-01 00:00:00+00' where order_id = 1")
    assert warehouse.dbt("build", *SELECT).success
    warehouse.run("update crm.orders set revenue = 7, updated_at = now() where order_id = 2")
    assert warehouse.dbt("run", "--select", "orders").success
    assert orders(warehouse)["2"] == "7.00"


@pytest.mark.parametrize("lookback", ["soon", "3 days'", "-1 day"])
def test_incremental_lookback_is_validated(warehouses: Warehouses, lookback: str) -> None:
    warehouse = warehouses.make("duckdb")
    make_incremental(warehouse.project)
    fill(warehouse)
    assert warehouse.dbt("build", *SELECT).success
    outcome = warehouse.dbt("run", "--select", "orders", incremental_lookback=lookback)
    assert not outcome.success
    assert "The var incremental_lookback is" in outcome.complaints


def test_incremental_marts_refuse_a_new_time_zone(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("duckdb")
    make_incremental(warehouse.project)
    fill(warehouse)
    assert warehouse.dbt("build", *SELECT).success
    outcome = warehouse.dbt("run", "--select", "orders", counter_time_zone="Asia/Tashkent")
    assert not outcome.success
    assert "The rows of mart orders are in the time zone Europe/Moscow" in outcome.complaints
    assert "Run dbt build --full-refresh" in outcome.complaints


def test_incremental_mart_with_a_new_column_asks_for_a_full_refresh(warehouses: Warehouses) -> None:
    warehouse = warehouses.make("duckdb")
    make_incremental(warehouse.project)
    assert warehouse.dbt("build", *SELECT).success
    attribute = Attribute("segment", "text", "segment", multivalued=False)
    Column(attribute, "text", "'VIP'", "VIP").add(warehouse, "contacts")
    outcome = warehouse.dbt("run", "--select", "contacts")
    assert not outcome.success
    assert "full_refresh" in outcome.complaints
    assert warehouse.dbt("run", "--full-refresh", "--select", "contacts").success


def test_incremental_page_names_each_change_that_an_incremental_mart_misses() -> None:
    page = PAGE.read_text("utf-8")
    described = {
        late_row: "An old timestamp",
        deleted_row: "A deleted row",
        changed_row_with_an_old_time: "without changing `updated_at`",
        deleted_line: "A deleted order line",
        changed_var: "A changed var",
        changed_map: "A changed status map",
    }
    assert set(described) == set(CHANGES)
    for phrase in described.values():
        assert phrase in page
