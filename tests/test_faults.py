"""A short part of the fault campaign, with fixed seeds; `make faults` runs all of it."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.faults import history, kills
from tests.faults.controls import CONTROLS
from tests.faults.history import Told
from tests.faults.places import Place, Server, source_of
from tests.job import Job
from tests.postgres_fixture import RunningPostgres

WAREHOUSES = ("duckdb", "postgres")
AFTER_AN_ANSWER = "http: POST /data/orders/csv answered"


@pytest.fixture(scope="module")
def place(postgres: RunningPostgres) -> Iterator[Place]:
    postgres.start()
    made = Place(Server.of(postgres), "faults")
    yield made
    made.close()


def live(place: Place, seed: int, kind: str, control: str | None = None) -> Told:
    dice = Random(f"history {seed}")  # noqa: S311 - not a secret
    with place.hand_made(kind, dice, control) as (world, crm):
        return history.live(world, source_of(crm), seed, dice)


@pytest.mark.parametrize("kind", WAREHOUSES)
@pytest.mark.parametrize("seed", [3, 5])
def test_a_history_of_changes_faults_and_kills_ends_in_order(
    place: Place, seed: int, kind: str
) -> None:
    told = live(place, seed, kind)
    assert told.violations == (), "\n".join(told.actions)


@pytest.mark.parametrize("kind", WAREHOUSES)
@pytest.mark.parametrize("scenario", ["turned back afterwards", "three steps"])
def test_a_run_killed_around_the_answer_to_an_upload_loses_nothing(
    place: Place, scenario: str, kind: str
) -> None:
    labels = kills.count(place, scenario, kind)
    answers = [step for step, label in enumerate(labels, 1) if label == AFTER_AN_ANSWER]
    middle = answers[len(answers) // 2]
    for told in kills.kill(place, scenario, kind, range(middle - 1, middle + 3)):
        assert told.tally["kills"] == 1
        assert told.violations == (), told.actions


@pytest.mark.parametrize("kind", WAREHOUSES)
def test_a_run_killed_where_the_gate_stops_it_lets_nothing_pass(place: Place, kind: str) -> None:
    last = len(kills.count(place, "stopped by the gate", kind))
    for told in kills.kill(place, "stopped by the gate", kind, range(last - 1, last + 1)):
        assert told.tally["exit 6"] == 1
        assert told.violations == (), told.actions


@pytest.mark.parametrize("control", ["commit_before_upload", "success_on_200", "one_wave"])
def test_a_history_without_a_guard_breaks_what_the_guard_is_for(place: Place, control: str) -> None:
    broken: set[str] = set()
    for seed in range(1, 20):
        broken |= {invariant for invariant, _ in live(place, seed, "duckdb", control).violations}
        if CONTROLS[control].breaks in broken:
            return
    pytest.fail(f"only {broken} broken")


def test_a_held_row_that_was_about_to_go_when_its_pass_was_cut_short_goes_next(job: Job) -> None:
    job.marts.contacts("c1")
    job.marts.orders("1")
    job.marts.orders("2", order_status="mystery", updated_at="2026-10-01 00:00:00+00")
    assert job.run().entities["orders"].held == 1
    job.marts.put("order_statuses", {"id": "mystery", "type": "OTHER"})
    job.emulator.fault("status:403", "GET /schema/attributes")
    assert job.run().exit_code == 4
    assert job.run().entities["orders"].sent == 1
    assert job.states("orders")["2"] == ("sent", None)


def test_a_change_of_unknown_outcome_that_is_undone_is_undone_in_metrica_too(job: Job) -> None:
    job.marts.contacts("c1")
    job.marts.orders("1", revenue="1.00")
    job.marts.orders("2", updated_at="2026-11-03 00:00:00+00")
    assert job.run().exit_code == 0
    job.marts.orders("1", revenue="2.00", updated_at="2026-11-04 00:00:00+00")
    job.emulator.fault("drop_after", "POST /data/orders/csv")
    job.emulator.fault("status:403", "POST /data/orders/csv")
    assert job.run().exit_code == 4
    job.marts.orders("1", revenue="1.00")
    assert job.states("orders")["1"] == ("pending", None)
    assert job.run().entities["orders"].sent == 1
    assert job.held_by_metrica("orders", "revenue") == {"1": 1.0, "2": 100.5}
