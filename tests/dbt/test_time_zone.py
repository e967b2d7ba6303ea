"""The counter's time zone: the rows of a mart are in the zone that its comment names."""

import pytest

from tests.dbt import crm
from tests.dbt.warehouse import Warehouse

MOSCOW, TASHKENT = "counter_time_zone=Europe/Moscow", "counter_time_zone=Asia/Tashkent"
NEW_ZONE = {"counter_time_zone": "Asia/Tashkent"}
UNMAPPED = "insert into crm.orders (order_id, status) values (10, 'Refunded')"


def comments(warehouse: Warehouse) -> tuple[str | None, str | None]:
    return warehouse.comment("contacts"), warehouse.comment("orders")


def test_every_kind_of_run_names_the_zone_that_all_rows_are_in(warehouse: Warehouse) -> None:
    warehouse.run(*crm.SAMPLE)
    warehouse.build()
    assert comments(warehouse) == (MOSCOW, MOSCOW)

    warehouse.build(**NEW_ZONE)
    assert comments(warehouse) == (TASHKENT, TASHKENT)
    incremental = warehouse.marts()
    assert warehouse.rows("select id, create_date_time from metrica.orders order by id") == [
        ("1", "2026-02-01T15:00:00"),
        ("2", "2026-02-01T15:00:00"),
        ("3", "2026-02-01T15:00:00"),
    ]
    assert warehouse.dbt("run", "--full-refresh", **NEW_ZONE).success
    assert comments(warehouse) == (TASHKENT, TASHKENT)
    assert warehouse.marts() == incremental

    assert warehouse.dbt("run", "--full-refresh").success
    assert comments(warehouse) == (MOSCOW, MOSCOW)


def test_a_build_that_fails_before_a_mart_leaves_its_zone(warehouse: Warehouse) -> None:
    warehouse.run(*crm.SAMPLE)
    warehouse.build()
    before = warehouse.marts()["orders"]
    warehouse.run(UNMAPPED)
    outcome = warehouse.dbt("run", unmapped_statuses="error", **NEW_ZONE)
    assert outcome.statuses["model.metrica_crm.orders"] == "skipped"
    assert outcome.statuses["model.metrica_crm.contacts"] == "success"
    assert comments(warehouse) == (TASHKENT, MOSCOW)
    assert warehouse.marts()["orders"] == before


@pytest.mark.parametrize("flags", [(), ("--full-refresh",)])
def test_rows_and_their_zone_are_committed_together(
    warehouse: Warehouse, flags: tuple[str, ...]
) -> None:
    warehouse.run(*crm.SAMPLE)
    warehouse.build()
    before = warehouse.marts()["orders"]
    orders = warehouse.project / "models/marts/metrica/orders.sql"
    text = orders.read_text(encoding="utf-8")
    mark = '"{{ mark_time_zone() }}"'
    assert text.count(mark) == 1
    orders.write_text(text.replace(mark, f'{mark}, "select no_such_column"'), encoding="utf-8")
    assert not warehouse.dbt("run", "--select", "orders", *flags, **NEW_ZONE).success
    assert warehouse.comment("orders") == MOSCOW
    assert warehouse.marts()["orders"] == before


def test_documentation_kept_in_the_warehouse_does_not_replace_the_zone(
    warehouse: Warehouse,
) -> None:
    project = warehouse.project / "dbt_project.yml"
    text = project.read_text(encoding="utf-8")
    documented = "    marts:\n      +persist_docs: {relation: true, columns: true}\n"
    project.write_text(text.replace("    marts:\n", documented), encoding="utf-8")
    for flags in ((), (), ("--full-refresh",)):
        warehouse.build(*flags)
        assert comments(warehouse) == (MOSCOW, MOSCOW)
        assert str(warehouse.comment("products")).startswith("The catalogue")
