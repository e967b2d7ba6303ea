"""An order's way through its statuses: faithful, in order, and none overtaking itself."""

import json
from typing import Any

import pytest
from metrica_export.commands import reset, status
from metrica_export.settings import Limits

from tests.support.job import Job


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    job.marts.put(
        "order_statuses",
        {"id": "new", "type": "IN_PROGRESS"},
        {"id": "in_work", "type": "IN_PROGRESS", "goal_action_ids": "called_back"},
        {"id": "paid", "type": "PAID"},
        {"id": "returned", "type": "CANCELLED"},
    )
    job.marts.contacts("c1")


def put(job: Job, path: str | None, *ids: str, **cells: Any) -> None:
    status = cells.pop("order_status", path.rpartition(",")[2] if path else None)
    job.marts.orders(*ids, order_status=status, status_path=path, **cells)


def way(job: Job, order: str) -> list[str]:
    """Return the statuses that Metrica was told of an order, one after another."""
    return [
        json.loads(state)["order_status"]
        for (state,) in job.emulator.sql(
            "select state from applied where entity = 'orders' and id = ? order by seq", order
        )
    ]


def test_each_step_goes_in_an_upload_of_its_own(job: Job) -> None:
    put(job, "new,in_work,paid", "1", "2")
    put(job, "new", "3")
    assert job.sent()["orders"] == 3
    assert [rows for entity, rows, _ in job.uploads() if entity == "orders"] == [3, 2, 2]
    assert way(job, "1") == ["new", "in_work", "paid"]
    assert way(job, "3") == ["new"]
    assert "called_back" in job.goals_of("1")
    assert job.states("orders")["1"] == ("sent", None)
    assert job.sent() == {}


def test_status_steps_finish_date_goes_with_the_last_step_only(job: Job) -> None:
    put(job, "new,in_work,paid", "1", finish_date_time="2026-11-02 00:00:00")
    put(job, "paid", "2", finish_date_time="2026-11-02 00:00:00")
    job.run(max_steps=1)
    finished = {"1": None, "2": "2026-11-02 00:00:00"}
    assert job.held_by_metrica("orders", "finish_date_time") == finished
    job.run(max_steps=2)
    assert job.held_by_metrica("orders", "finish_date_time") == finished | {"1": finished["2"]}
    assert way(job, "1") == ["new", "in_work", "paid"]


def test_only_the_steps_that_metrica_does_not_know_go(job: Job) -> None:
    put(job, "new,in_work", "1")
    job.run()
    put(job, "new,in_work,paid,returned", "1")
    assert job.sent() == {"orders": 1}
    assert way(job, "1") == ["new", "in_work", "paid", "returned"]


def test_status_steps_status_that_comes_back_is_told_again(job: Job) -> None:
    put(job, "new,paid", "1")
    job.run()
    put(job, "new,paid,in_work,paid", "1")
    assert job.sent() == {"orders": 1}
    assert way(job, "1") == ["new", "paid", "in_work", "paid"]


@pytest.mark.parametrize(
    "later",
    [
        # What came earlier must not follow what came later.
        "new,in_work,paid",
        "paid",
        None,
    ],
)
def test_status_steps_history_that_was_written_anew_sends_nothing_old(
    job: Job, later: str | None
) -> None:
    put(job, "new,paid", "1")
    job.run()
    put(job, later, "1", order_status="paid", revenue="7.00")
    assert job.sent() == {"orders": 1}
    assert way(job, "1") == ["new", "paid", "paid"]
    assert job.held_by_metrica("orders", "revenue") == {"1": 7.0}


def test_status_steps_history_that_begins_later_goes_on_from_the_delivered_status(job: Job) -> None:
    put(job, None, "1", order_status="new")
    job.run()
    put(job, "new,in_work,paid", "1")
    assert job.sent() == {"orders": 1}
    assert way(job, "1") == ["new", "in_work", "paid"]


def test_status_steps_order_whose_step_was_refused_does_not_overtake_itself(job: Job) -> None:
    put(job, "new,in_work,paid", "1", "2")
    job.emulator.fault("refuse:1", "POST /data/orders/csv", skip=1, times=2)
    outcome = job.run()
    told = {order: way(job, order) for order in ("1", "2")}
    assert told == {"1": ["new"], "2": ["new", "in_work", "paid"]}
    assert job.states("orders")["1"] == ("rejected", "refused_by_metrica")
    assert outcome.entities["orders"].rejected == 1


def test_status_steps_order_whose_step_has_no_answer_waits_and_goes_on_from_there(job: Job) -> None:
    put(job, "new,in_work,paid", "1")
    job.emulator.fault("delay_list:99", "POST /data/orders/csv", skip=1)
    job.run()
    assert way(job, "1") == ["new", "in_work"]
    assert job.states("orders")["1"] == ("held", "outcome_unknown")
    assert job.sent() == {"orders": 1}
    assert way(job, "1") == ["new", "in_work", "in_work", "paid"]


def test_status_steps_after_a_step_without_an_answer_follow_a_path_that_was_rewritten(
    job: Job,
) -> None:
    put(job, "new,in_work,returned,in_work", "1")
    job.run()
    put(job, "new,in_work,returned,in_work", "1", revenue="7.00")
    job.emulator.fault("delay_list:99", "POST /data/orders/csv")
    job.run()
    assert job.states("orders")["1"] == ("held", "outcome_unknown")
    # The fourth step is another one now.
    put(job, "in_work,new,returned,paid", "1", revenue="7.00")
    assert job.sent() == {"orders": 1}
    assert way(job, "1")[-4:] == ["in_work", "new", "returned", "paid"]


def test_status_steps_run_that_ends_between_two_steps_is_gone_on_with(job: Job) -> None:
    put(job, "new,in_work,paid", "1")
    job.emulator.fault("status:403", "POST /data/orders/csv", skip=1)
    assert job.run().exit_code == 4
    assert way(job, "1") == ["new"]
    assert job.states("orders")["1"] == ("pending", None)
    assert job.sent() == {"orders": 1}
    assert way(job, "1") == ["new", "in_work", "paid"]


def test_status_steps_after_reset_send_only_present_status(job: Job) -> None:
    put(job, "new,paid", "1")
    job.run()
    put(job, "new,paid", "1", create_date_time="2020-01-01 00:00:00")
    reset.reset(job.dbt, job.emulator.counter, None, None)
    assert job.sent()["orders"] == 1
    assert way(job, "1") == ["new", "paid", "paid"]
    assert job.held_by_metrica("orders", "create_date_time") == {"1": "2026-11-01 10:00:00"}
    assert job.emulator.sql("select distinct warnings from uploads") == [("{}",)]


def test_status_steps_path_that_pauses_goes_on_from_the_status_that_was_sent_last(job: Job) -> None:
    put(job, "new,paid", "1")
    job.run()
    for step in ("in_work", "paid"):
        put(job, None, "1", order_status=step)
        job.run()
    put(job, "new,paid,in_work,paid,returned", "1")
    job.run()
    assert way(job, "1") == ["new", "paid", "in_work", "paid", "returned"]


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        ("new,mystery,paid", ("held", "status_unknown")),
        ("paid,new", ("rejected", "path_malformed")),
        ("new, paid", ("rejected", "path_malformed")),
        ("new,,paid", ("held", "status_unknown")),
    ],
)
def test_status_steps_path_with_a_status_that_nobody_knows_is_not_sent(
    job: Job, path: str, verdict: tuple[str, str]
) -> None:
    put(job, path, "1", order_status="paid")
    assert job.run().exit_code == 0
    assert job.states("orders")["1"] == verdict
    assert way(job, "1") == []


# Long paths.

ON_DUCKDB = pytest.mark.parametrize("job", ["duckdb"], indirect=True)
LONG = ",".join(["new", "in_work"] * 200)


def requests(job: Job) -> int:
    ((count,),) = job.emulator.sql("select count(*) from requests")
    return int(count)


def test_paths_longer_than_max_steps_go_on_in_the_next_run(job: Job) -> None:
    put(job, "new,in_work,new,in_work,paid", "1", updated_at="2026-10-01 00:00:00+00")
    put(job, "new,in_work", "2")
    planned = job.plan(limits=Limits(max_steps=2))
    first = job.run(max_steps=2)
    assert planned.entities == first.entities
    orders = first.entities["orders"]
    assert (first.exit_code, orders.sent, orders.pending, orders.held) == (0, 1, 1, 0)
    assert job.states("orders") == {"1": ("pending", "steps_left"), "2": ("sent", None)}
    with status.rejects(job.dbt, job.emulator.counter, status.Filter()) as found:
        assert found.total == 0
    second = job.run(max_steps=2).entities["orders"]
    assert (second.sent, second.unchanged, second.pending) == (0, 1, 1)
    assert way(job, "1") == ["new", "in_work", "new", "in_work"]
    assert job.run(max_steps=2).entities["orders"].sent == 1
    assert way(job, "1")[4:] == ["paid"]
    assert job.states("orders")["1"] == ("sent", None)
    assert job.sent() == {}


@ON_DUCKDB
def test_paths_of_hundreds_of_steps_take_max_steps_requests_a_run(job: Job) -> None:
    put(job, LONG, "1")
    job.marts.contacts("c2")
    first = job.run(daily_requests=100, max_steps=20)
    assert (first.exit_code, first.entities["orders"].pending) == (0, 1)
    assert len(way(job, "1")) == 20
    job.marts.contacts("c2", name="Иная")
    put(job, "new", "2")
    second = job.run(daily_requests=100, max_steps=20)
    assert (second.entities["contacts"].sent, second.entities["orders"].sent) == (1, 1)
    assert len(way(job, "1")) == 40
    assert job.run(everything=True, max_steps=1).entities["orders"].pending == 1
    assert way(job, "1") == LONG.split(",")[:41]


@ON_DUCKDB
def test_later_waves_leave_half_of_the_requests_of_the_day(job: Job) -> None:
    put(job, LONG, "1")
    outcome = job.run(daily_requests=40, max_steps=1000)
    assert (outcome.exit_code, outcome.entities["orders"].pending) == (0, 1)
    assert 10 < outcome.requests <= 20
    assert job.states("orders")["1"] == ("pending", "steps_left")


@ON_DUCKDB
def test_searches_for_guilty_rows_leave_the_first_waves_of_later_marts_their_requests(
    job: Job,
) -> None:
    job.marts.contacts(*map(str, range(64)))
    put(job, "new", "1")
    job.run(only=("order_statuses", "contacts"))
    job.marts.contacts(*map(str, range(64)), name="Иная")
    job.emulator.fault("failed", "POST /data/contacts/csv", times=None)
    outcome = job.run(daily_requests=requests(job) + 8)
    assert outcome.error is None
    assert outcome.entities["orders"].sent == 1


def test_orders_on_their_way_are_not_held_up_by_the_paid_gate(job: Job) -> None:
    put(job, "new,paid", *map(str, range(12)))
    assert job.run(max_steps=1).entities["orders"].pending == 12
    assert job.plan().changes["orders"].paid == 0
    outcome = job.run()
    assert (outcome.exit_code, outcome.entities["orders"].sent) == (0, 12)


def test_status_steps_order_that_changed_on_its_way_counts_for_the_paid_gate(job: Job) -> None:
    put(job, "new,in_work", *map(str, range(12)))
    job.run(max_steps=1)
    put(job, "new,paid", *map(str, range(12)))
    assert (job.plan().changes["orders"].paid, job.run().exit_code) == (12, 6)


def test_status_steps_history_without_the_delivered_status_sends_the_present_one_alone(
    job: Job,
) -> None:
    put(job, "new,in_work", "1")
    job.run()
    put(job, "new,paid", "1")
    job.run()
    assert way(job, "1") == ["new", "in_work", "paid"]
