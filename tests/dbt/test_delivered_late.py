"""The dbt test orders_delivered_late warns of a missed service level, and of nothing else."""

import pytest

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
