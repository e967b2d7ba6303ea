"""The dbt test orders_delivered_late warns of a missed service level, and of nothing else."""

import pytest

from tests.dbt import crm
from tests.dbt.conftest import ENGINES, Warehouses
from tests.dbt.warehouse import Warehouse

NODE = "test.metrica_crm.orders_delivered_late"
TABLE = """
    create table metrica_export.mart_rows (
        counter_id bigint, entity text, id text, state text, updated_at timestamptz,
        sent_at timestamptz
    )
"""


def order(changed: int, sent: int | None, state: str = "sent", rows: int = 1) -> str:
    """Return an insert of orders that changed and were sent so many hours ago."""
    then = "null" if sent is None else f"current_timestamp - interval '{sent} hours'"
    return (
        f"insert into metrica_export.mart_rows select 1, 'orders', 'x', '{state}', "
        f"current_timestamp - interval '{changed} hours', {then} from generate_series(1, {rows})"
    )


def status(warehouse: Warehouse, **variables: object) -> str:
    outcome = warehouse.dbt("test", "--select", "orders_delivered_late", **variables)
    assert outcome.success, outcome.complaints
    return outcome.statuses[NODE]


@pytest.mark.parametrize("engine", ENGINES)
def test_freshness_of_the_runs_is_checked_with_the_var(warehouses: Warehouses, engine: str) -> None:
    warehouse = warehouses.make(engine)
    warehouse.run(
        *crm.SAMPLE,
        "create schema metrica_export",
        "create table metrica_export.runs (finished_at timestamptz, exit_code integer)",
        "insert into metrica_export.runs values"
        " (current_timestamp - interval '30 hours', 0), (current_timestamp, 4)",
    )
    select = ("source", "freshness", "--select", "source:metrica_export.*")
    outcome = warehouse.dbt(*select, delivery_hours=2)
    assert outcome.statuses["source.metrica_crm.metrica_export.runs"] == "warn"
    assert "source.metrica_crm.metrica_export.runs" not in warehouse.dbt(*select).statuses


@pytest.mark.parametrize("engine", ENGINES)
def test_orders_delivered_late_warns_below_the_percentage(
    warehouses: Warehouses, engine: str
) -> None:
    warehouse = warehouses.make(engine)
    assert status(warehouse, delivery_hours=2) == "pass"
    warehouse.run("create schema metrica_export", TABLE, order(5, 4, rows=99))
    # Still within its time, rejected, and before the last day.
    warehouse.run(order(1, None, "pending"), order(5, None, "rejected"), order(40, 1))
    warehouse.run(order(5, None, "pending"))
    assert status(warehouse, delivery_hours=2) == "pass"
    warehouse.run(order(5, 2))
    assert status(warehouse) == "pass"
    assert status(warehouse, delivery_hours=2) == "warn"
    assert status(warehouse, delivery_hours=2, delivery_percent=98) == "pass"
