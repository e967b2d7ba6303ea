"""The mart of simple orders, which carry their customers' identifiers."""

import pytest
from metrica_export.metrica.formats import SIMPLE_ORDERS

from tests.dbt import crm
from tests.dbt.conftest import Warehouses
from tests.dbt.test_marts import OWN_COLUMNS, PERSONAL, manifest
from tests.dbt.warehouse import Warehouse

SIMPLE = {"simple_orders": True}
QUERY = "select * from metrica.simple_orders order by id"


@pytest.fixture(scope="module")
def simple_on(warehouses: Warehouses) -> dict[str, Warehouse]:
    both = {engine: warehouses.make(engine) for engine in ("duckdb", "postgres")}
    for warehouse in both.values():
        warehouse.run(*crm.SAMPLE)
        warehouse.build_marts(**SIMPLE)
    return both


@pytest.fixture(params=("duckdb", "postgres"))
def simple(request: pytest.FixtureRequest, simple_on: dict[str, Warehouse]) -> Warehouse:
    return simple_on[request.param]


def test_simple_orders_are_built_when_the_var_says_so(built: Warehouse) -> None:
    tables = built.rows(
        "select table_name from information_schema.tables where table_schema = 'metrica'"
    )
    assert ("orders",) in tables
    assert ("simple_orders",) not in tables


def test_both_engines_hold_the_same_simple_orders(simple_on: dict[str, Warehouse]) -> None:
    duckdb, postgres = (warehouse.rows(QUERY) for warehouse in simple_on.values())
    assert len(duckdb) == 3
    assert duckdb == postgres


def test_simple_orders_simple_order_as_metrica_takes_it(simple: Warehouse) -> None:
    first, second, third = simple.rows(QUERY.replace("*", ", ".join(_columns()) + ", updated_at"))
    assert tuple(map(str, first)) == (
        "1",
        "2026-02-01T13:00:00",
        "C-1",
        "1678901234567890123",
        "a.li@example.com,anna@example.com",
        "79995551111,79995551112",
        "None",
        "None",
        "PAID",
        "100.01",
        "60.13",
        "None",
        "RUB",
        "2026-02-05T00:00:00+00:00",
    )
    # Without a status, which Metrica would take for PAID; of a customer whom nobody knows.
    assert (second[0], second[8]) == ("2", None)
    assert third[2:9] == ("C-9", *[None] * 5, "IN_PROGRESS")


def test_simple_orders_mart_has_the_documented_columns(simple: Warehouse) -> None:
    node = manifest(simple)["nodes"]["model.metrica_crm.simple_orders"]
    assert node["config"]["meta"]["metrica"] == {
        "entity": "simple_orders",
        "counter_time_zone": "Europe/Moscow",
        "dbt_target": simple.target,
    }
    assert set(node["columns"]) == {*_columns(), *OWN_COLUMNS}
    in_warehouse = simple.rows(
        """select column_name from information_schema.columns
        where table_schema = 'metrica' and table_name = 'simple_orders'"""
    )
    assert {name for (name,) in in_warehouse} == set(node["columns"])
    tagged = {name for name, column in node["columns"].items() if column["tags"] == ["pii"]}
    assert tagged == PERSONAL - {"name", "birth_date"}
    assert simple.time_zone("simple_orders") == "Europe/Moscow"


def test_simple_orders_change_of_the_customer_reaches_the_orders(warehouse: Warehouse) -> None:
    warehouse.run(*crm.SAMPLE)
    warehouse.build_marts(**SIMPLE)
    before = {row[0]: row for row in warehouse.rows(QUERY)}
    warehouse.run(
        "update crm.contacts set phone = null, updated_at = '2026-03-01 00:00:00+00'"
        " where contact_id = 'C-1'",
        "delete from crm.orders where order_id = 3",
    )
    assert warehouse.dbt("run", **SIMPLE).success
    after = {row[0]: row for row in warehouse.rows(QUERY)}
    assert {order for order in after if after[order] != before[order]} == {"1"}
    assert set(after) == {"1", "2"}
    [(updated_at,)] = warehouse.rows("select updated_at from metrica.simple_orders where id = '1'")
    assert updated_at == "2026-03-01T00:00:00+00:00"
    assert warehouse.dbt("run", "--full-refresh", **SIMPLE).success
    assert {row[0]: row for row in warehouse.rows(QUERY)} == after


def test_simple_orders_zone_is_that_of_the_orders_which_they_are_made_of(
    warehouse: Warehouse,
) -> None:
    warehouse.run(*crm.SAMPLE)
    warehouse.build_marts(**SIMPLE)
    before = warehouse.rows(QUERY)
    assert warehouse.dbt(
        "run", "--select", "simple_orders", **SIMPLE, counter_time_zone="Asia/Tashkent"
    ).success
    assert warehouse.rows(QUERY) == before
    assert warehouse.time_zone("simple_orders") == "Europe/Moscow"


def _columns() -> list[str]:
    return [column.name for column in SIMPLE_ORDERS.columns]
