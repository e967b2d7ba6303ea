"""Two counters that share a warehouse: neither changes the ledger of the other."""

from collections.abc import Iterator

import pytest
from metrica_export.commands import reset

from tests.support.emulator_fixture import RunningEmulator
from tests.support.job import Job

pytestmark = pytest.mark.parametrize("job", ["duckdb"], indirect=True)


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    job.marts.put("order_statuses", {"id": "new", "type": "IN_PROGRESS"})
    job.marts.contacts("c1")
    job.marts.orders("1", "2")


@pytest.fixture
def other(job: Job) -> Iterator[Job]:
    """Return an export of the same marts to another counter."""
    with RunningEmulator(counter=77) as emulator:
        yield Job(job.marts, emulator)


def test_counter_sends_a_row_that_another_counter_refused(job: Job, other: Job) -> None:
    job.emulator.fault("refuse:2", "POST /data/orders/csv", times=None)
    assert job.run().entities["orders"].rejected == 1
    assert other.sent() == {"order_statuses": 1, "contacts": 1, "orders": 2}
    assert job.states("orders")["2"] == ("rejected", "refused_by_metrica")
    assert reset.retry(job.dbt, other.emulator.counter, None, None) == 0
    job.emulator.clear_faults()
    assert job.sent() == {}
    assert reset.retry(job.dbt, job.emulator.counter, None, None) == 1
    assert job.sent() == {"orders": 1}


def test_counter_does_not_miss_a_status_that_another_counter_got(job: Job, other: Job) -> None:
    job.sent()
    job.marts.put("order_statuses", {"id": "more", "type": "OTHER"})
    assert other.sent()["order_statuses"] == 2
    assert job.sent() == {"order_statuses": 1}


def test_counter_counts_orders_as_paid_by_its_own_mapping(job: Job, other: Job) -> None:
    job.marts.orders("1", "2", order_status="new")
    job.sent()
    job.marts.put("order_statuses", {"id": "new", "type": "PAID"})
    other.sent()
    job.marts.put("order_statuses", {"id": "more", "type": "OTHER"})
    assert other.run().changes["order_statuses"].paid == 0
    assert job.run().changes["order_statuses"].paid == 2


def test_counter_leaves_an_open_run_and_the_quota_of_another_counter(job: Job, other: Job) -> None:
    job.sent()
    job.marts.sql(
        "update metrica_export.ledger_runs set finished_at = null, message = null, requests = 5000"
    )
    job.marts.sql("update metrica_export.ledger_uploads set status = 'started'")
    assert other.run().error is None
    mine = f"where counter_id = {job.emulator.counter}"
    assert job.marts.sql(f"select message from metrica_export.ledger_runs {mine}") == [(None,)]
    found = job.marts.sql(f"select distinct status from metrica_export.ledger_uploads {mine}")
    assert found == [("started",)]
