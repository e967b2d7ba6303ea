"""The table mart_builds: each build of a mart is recorded together with its rows."""

from typing import Any

from tests.dbt import crm
from tests.dbt.conftest import Warehouses
from tests.dbt.warehouse import MARTS, Warehouse

MOSCOW, TASHKENT = "Europe/Moscow", "Asia/Tashkent"
NEW_ZONE = {"counter_time_zone": TASHKENT}
UNMAPPED = "insert into crm.orders (order_id, status) values (10, 'Refunded')"


def builds(warehouse: Warehouse, mart: str) -> list[tuple[Any, ...]]:
    return warehouse.rows(
        f"""select time_zone, row_count, cast(checksum as text) from metrica_work.mart_builds
        where mart = '{mart}' order by built_at"""
    )


def checksum(warehouse: Warehouse, mart: str) -> str:
    hashes = warehouse.rows(f"select row_hash from metrica.{mart}")
    return str(sum(int(row_hash[:15], 16) for (row_hash,) in hashes))


def test_mart_builds_has_rows_zone_and_checksum_of_each_build(warehouse: Warehouse) -> None:
    warehouse.run(*crm.SAMPLE)
    outcome = warehouse.build()
    key = "test.metrica_crm.mart_builds_with_a_missing_or_repeated_invocation"
    assert [s for test, s in outcome.statuses.items() if test.startswith(key)] == ["pass"]
    first = {mart: builds(warehouse, mart) for mart in MARTS}
    assert first["orders"] == [(MOSCOW, 3, checksum(warehouse, "orders"))]
    assert first["contacts"] == [(MOSCOW, 3, checksum(warehouse, "contacts"))]
    assert [len(first[mart]) for mart in MARTS] == [1] * len(MARTS)

    warehouse.run("delete from crm.orders where order_id = 3")
    assert warehouse.dbt("run", "--select", "orders", **NEW_ZONE).success
    assert {mart: builds(warehouse, mart) for mart in MARTS} == first | {
        "orders": [*first["orders"], (TASHKENT, 2, checksum(warehouse, "orders"))]
    }
    assert warehouse.rows("select min(create_date_time) from metrica.orders") == [
        ("2026-02-01T15:00:00",)
    ]
    [(ids,)] = warehouse.rows("select count(distinct invocation_id) from metrica_work.mart_builds")
    assert ids == 2


def test_mart_builds_and_rows_are_committed_together(warehouse: Warehouse) -> None:
    warehouse.run(*crm.SAMPLE)
    warehouse.build_marts()
    before, recorded = warehouse.marts()["orders"], builds(warehouse, "orders")
    orders = warehouse.project / "models/marts/metrica/orders.sql"
    text = orders.read_text(encoding="utf-8")
    hook = '"{{ record_mart_build() }}"'
    assert text.count(hook) == 1
    orders.write_text(text.replace(hook, f'[{hook}, "select no_such_column"]'), encoding="utf-8")
    assert not warehouse.dbt("run", "--select", "orders", **NEW_ZONE).success
    assert warehouse.marts()["orders"] == before
    assert builds(warehouse, "orders") == recorded


def test_mart_builds_keeps_the_row_of_a_mart_that_a_failed_build_left(
    warehouses: Warehouses,
) -> None:
    warehouse = warehouses.make("duckdb")
    warehouse.run(*crm.SAMPLE)
    warehouse.build_marts()
    warehouse.run(UNMAPPED)
    outcome = warehouse.dbt("run", unmapped_statuses="error", **NEW_ZONE)
    assert outcome.statuses["model.metrica_crm.orders"] == "skipped"
    assert outcome.statuses["model.metrica_crm.contacts"] == "success"
    zones = warehouse.time_zone("contacts"), warehouse.time_zone("orders")
    assert zones == (TASHKENT, MOSCOW)


def test_mart_builds_keeps_the_newest_100_rows_also_after_a_full_refresh(
    warehouses: Warehouses,
) -> None:
    warehouse = warehouses.make("duckdb")
    warehouse.build_marts()
    warehouse.run(
        """insert into metrica_work.mart_builds
        select 'products', cast('2026-01-01' as timestamp) + n * interval '1 day', 'UTC', n, 0, n
        from generate_series(1, 150) as t (n)"""
    )
    assert warehouse.dbt("run", "--full-refresh", "--select", "products", "mart_builds").success
    kept = "select count(*), min(row_count) from metrica_work.mart_builds where mart = '{}'"
    # The two real builds are newer.
    assert warehouse.rows(kept.format("products")) == [(100, 0)]
    assert warehouse.rows(kept.format("orders")) == [(1, 0)]
    [(oldest,)] = warehouse.rows(
        "select min(row_count) from metrica_work.mart_builds where invocation_id = '53'"
    )
    assert oldest == 53


def test_mart_builds_mart_without_the_table_mart_builds_says_what_to_run(
    warehouses: Warehouses,
) -> None:
    warehouse = warehouses.make("duckdb")
    warehouse.build_marts()
    warehouse.run("drop table metrica_work.mart_builds")
    outcome = warehouse.dbt("run", "--select", "products")
    assert not outcome.success
    assert "dbt run --select mart_builds" in outcome.complaints
