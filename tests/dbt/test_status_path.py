"""The path of an order's statuses: from the CRM's history, or from a snapshot of its own."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from random import Random

import pytest

from tests.dbt import crm
from tests.dbt.conftest import Warehouses
from tests.dbt.warehouse import Warehouse

WITH_HISTORY = {"crm_has_order_status_history": True}
WITH_SNAPSHOT = {"snapshot_order_statuses": True}
START = datetime(2026, 2, 1, tzinfo=UTC)
# As in the seed: each status of the CRM is one of Metrica's with the same name.
STAGES = {"new": 1, "in_work": 1, "paid": 3, "shipped": 3, "cancelled": 4, "spam": 5}


def paths(warehouse: Warehouse) -> dict[str, str | None]:
    return dict(warehouse.rows("select id, status_path from metrica.orders"))


def hashes(warehouse: Warehouse) -> dict[str, str]:
    return dict(warehouse.rows("select id, row_hash from metrica.orders"))


def test_status_path_order_has_the_path_of_its_history(warehouse: Warehouse) -> None:
    warehouse.run(*crm.SAMPLE)
    warehouse.build_marts()
    assert paths(warehouse) == {"1": None, "2": None, "3": None}
    before = hashes(warehouse)

    warehouse.run(*crm.HISTORY)
    outcome = warehouse.build(**WITH_HISTORY)
    assert paths(warehouse) == {"1": "new,paid", "2": None, "3": None}
    after = hashes(warehouse)
    assert {order for order in after if after[order] != before[order]} == {"1"}
    [(updated_at,)] = warehouse.rows("select updated_at from metrica.orders where id = '1'")
    assert updated_at == "2026-02-06T00:00:00+00:00"
    assert re.search(
        r"test crm_order_status_history_without_changed_at .*\nGot 1 result", outcome.complaints
    )

    warehouse.build_marts()
    assert hashes(warehouse) == before


def test_status_path_unmapped_status_of_the_history_stops_the_build_when_the_var_says_error(
    warehouse: Warehouse,
) -> None:
    warehouse.run(*crm.SAMPLE, *crm.HISTORY)
    warehouse.build_marts(**WITH_HISTORY)
    before = warehouse.marts()["orders"]
    warehouse.run("insert into crm.order_status_history values (3, 'Отложен', null)")
    outcome = warehouse.dbt("run", unmapped_statuses="error", **WITH_HISTORY)
    assert not outcome.success
    assert (
        "The CRM's order status history has 1 status(es) without a mapping, "
        "with the number of rows: 'Отложен' (1)" in outcome.complaints
    )
    assert "seeds/order_status_map.csv" in outcome.complaints
    assert outcome.statuses["model.metrica_crm.orders"] == "skipped"
    assert warehouse.marts()["orders"] == before


def test_status_path_time_of_the_history_in_a_text_is_refused(warehouse: Warehouse) -> None:
    warehouse.run(*crm.HISTORY, "alter table crm.order_status_history alter changed_at type text")
    outcome = warehouse.dbt("run", "--select", "stg_crm__order_status_history", **WITH_HISTORY)
    assert "The CRM's order_status_history.changed_at" in outcome.complaints


def test_status_path_snapshot_keeps_the_history_that_the_crm_does_not(warehouse: Warehouse) -> None:
    warehouse.run(*crm.SAMPLE)
    outcome = warehouse.build(**WITH_SNAPSHOT)
    assert outcome.count("snapshot", "success") == 1
    assert paths(warehouse) == {"1": "paid", "2": None, "3": "new"}

    warehouse.run(
        "update crm.orders set status = 'Shipped' where order_id = 1",
        "update crm.orders set status = 'NEW' where order_id = 2",
        "update crm.orders set revenue = 5 where order_id = 3",
    )
    warehouse.build_marts("--full-refresh", **WITH_SNAPSHOT)
    assert paths(warehouse) == {"1": "paid,shipped", "2": "new", "3": "new"}

    # Back to where it was, and seen by no snapshot on its way there.
    warehouse.run("update crm.orders set status = 'paid' where order_id = 1")
    assert warehouse.dbt("run", **WITH_SNAPSHOT).success
    assert paths(warehouse)["1"] == "paid,shipped,paid"
    outcome = warehouse.build(**WITH_SNAPSHOT)
    assert paths(warehouse)["1"] == "paid,shipped,paid"
    assert "timestamp" not in outcome.complaints

    # The clocks of the snapshot, the sessions and the exporter agree on what a moment is.
    [(age,)] = warehouse.rows(
        """select cast(extract(epoch from current_timestamp - max(updated_at)) as integer)
        from metrica.orders where id = '1'"""
    )
    assert 0 <= age < 300


def test_two_histories_of_an_order_are_one_too_many(warehouses: Warehouses) -> None:
    outcome = warehouses.make("duckdb").dbt("build", **WITH_HISTORY, **WITH_SNAPSHOT)
    assert not outcome.success
    assert (
        "The vars crm_has_order_status_history and snapshot_order_statuses are both on"
        in outcome.complaints
    )


@dataclass(frozen=True)
class Order:
    """An order and its history, rows of which are (time, status)."""

    order_id: int
    status: str
    updated_at: datetime | None
    history: list[tuple[datetime, str]]

    def row(self) -> str:
        updated_at = crm.literal(None if self.updated_at is None else str(self.updated_at))
        return f"({self.order_id}, '{self.status}', {updated_at})"

    def history_rows(self) -> list[str]:
        return [f"({self.order_id}, '{status}', '{time}')" for time, status in self.history]

    def path(self) -> str | None:
        """Return the path by the words of the documentation."""
        last = max((time for time, _ in self.history), default=None)

        def place(change: tuple[datetime, str]) -> tuple[datetime, bool, int, str]:
            time, status = change
            return time, time == last and status == self.status, STAGES[status], status

        changes = sorted(self.history, key=place)
        own = [n for n, (_, status) in enumerate(changes) if status == self.status]
        steps = [
            status
            for n, (time, status) in enumerate(changes)
            if not own or n <= own[-1] or self.updated_at is None or time <= self.updated_at
        ]
        return ",".join(s for s, _ in groupby([*steps, self.status])) if steps else None


def random_order(random: Random, order_id: int) -> Order:
    def moment() -> datetime:
        return START + timedelta(days=random.randrange(5))

    history = [(moment(), random.choice(list(STAGES))) for _ in range(random.randrange(7))]
    updated_at = random.choice([None, moment(), moment()])
    return Order(order_id, random.choice(list(STAGES)), updated_at, history)


@pytest.fixture(scope="module")
def orders() -> list[Order]:
    random = Random(5)  # noqa: S311 -- it must repeat itself
    return [random_order(random, n) for n in range(2000)]


def test_random_histories_give_the_paths_that_the_documentation_says(
    warehouse: Warehouse, orders: list[Order]
) -> None:
    warehouse.run(
        crm.HISTORY[0],
        "insert into crm.orders (order_id, status, updated_at) values "
        + ", ".join(order.row() for order in orders),
        "insert into crm.order_status_history values "
        + ", ".join(row for order in orders for row in order.history_rows()),
    )
    warehouse.build_marts(**WITH_HISTORY)
    expected = {str(order.order_id): order.path() for order in orders}
    assert len(set(expected.values())) > 500
    assert paths(warehouse) == expected
