"""A short part of the fault campaign, with fixed seeds; `make faults` runs all of it."""

import re
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from metrica_export.cli.main import cli
from metrica_export.commands.run import PARTS, Parts
from metrica_export.errors import WarehouseError
from metrica_export.ledger.writer import Journal

from tests.faults import history, kills, trials
from tests.faults.campaign import Found, Wanted
from tests.faults.controls import CONTROLS, Control, Trials
from tests.faults.generated_marts import GeneratedMarts
from tests.faults.history import Told
from tests.faults.places import Place, Server, source_of
from tests.faults.summary import summary
from tests.faults.world import BUSY, MAY_END, World
from tests.support.job import Job
from tests.support.postgres_fixture import RunningPostgres

WAREHOUSES = ("duckdb", "postgres")
AFTER_AN_ANSWER = "http: POST /data/orders/csv answered"


@pytest.fixture(scope="module")
def place(postgres: RunningPostgres) -> Iterator[Place]:
    postgres.start()
    made = Place(Server.of(postgres), "faults")
    yield made
    made.close()


def live(place: Place, seed: int, kind: str) -> Told:
    rng = Random(f"history {seed}")  # noqa: S311 - not a secret
    with place.hand_made(kind, rng) as (world, marts):
        return history.live(world, source_of(marts), seed, rng)


def attempt(place: Place, control: Control, *, guarded: bool) -> Told:
    parts = PARTS if guarded else control.parts
    rng = Random("trial")  # noqa: S311 - not a secret
    with place.hand_made(control.warehouses[0], rng, parts) as (world, marts):
        return trials.judge(world, marts, control.trial, 1)


def told(*broken: str, rows: int = 1) -> Told:
    violations = tuple((invariant, "it is broken") for invariant in broken)
    return Told(1, "duckdb", "trial", (), violations, Counter({trials.DELIVERED: rows}))


@pytest.mark.parametrize("kind", WAREHOUSES)
@pytest.mark.parametrize("seed", [3, 5])
def test_campaign_history_of_changes_faults_and_kills_ends_in_order(
    place: Place, seed: int, kind: str
) -> None:
    told = live(place, seed, kind)
    assert told.violations == (), "\n".join(told.actions)


@pytest.mark.parametrize("kind", WAREHOUSES)
@pytest.mark.parametrize("scenario", ["turned back afterwards", "three steps"])
def test_campaign_run_killed_around_the_answer_to_an_upload_loses_nothing(
    place: Place, scenario: str, kind: str
) -> None:
    labels = kills.count(place, scenario, kind)
    answers = [step for step, label in enumerate(labels, 1) if label == AFTER_AN_ANSWER]
    middle = answers[len(answers) // 2]
    for told in kills.kill(place, scenario, kind, range(middle - 1, middle + 3)):
        assert told.tally["kills"] == 1
        assert told.violations == (), told.actions


@pytest.mark.parametrize("kind", WAREHOUSES)
def test_campaign_run_killed_where_the_gate_stops_it_lets_nothing_pass(
    place: Place, kind: str
) -> None:
    last = len(kills.count(place, "stopped by the gate", kind))
    for told in kills.kill(place, "stopped by the gate", kind, range(last - 1, last + 1)):
        assert told.tally["exit 6"] == 1
        assert told.violations == (), told.actions


@pytest.mark.parametrize("name", CONTROLS)
def test_control_breaks_only_the_invariant_of_its_guard(place: Place, name: str) -> None:
    control = CONTROLS[name]
    found = Trials(
        [attempt(place, control, guarded=True)], [attempt(place, control, guarded=False)]
    )
    assert found.dead(control) is None, [*found.guarded, *found.without]
    assert found.broken().keys() == {control.breaks}


def test_campaign_accepts_documented_exit_codes_only() -> None:
    documented = {int(code) for code in re.findall(r"^  (\d+)  ", str(cli.epilog), re.MULTILINE)}
    assert documented >= {0, 2, 3, 4, 5, 6, 130}
    assert {*MAY_END, BUSY} <= documented


def first_load(world: World, marts: GeneratedMarts) -> None:
    """Leave the only runs to those that end every trial."""
    marts.add("contacts", marts.generator.contact("c1"), marts.next_updated_at())
    marts.write([("contacts", "c1")])
    assert world.kind == "duckdb"


class RaisesAttributeError(Journal):
    def start_upload(self, upload_no: int, requests: int) -> None:
        raise AttributeError(f"start_upload moved away: {upload_no}, {requests}")


class EndsWithExit3(Journal):
    def start_upload(self, upload_no: int, requests: int) -> None:
        raise WarehouseError(f"The warehouse is gone: {upload_no}, {requests}")


@pytest.mark.parametrize("journal", [RaisesAttributeError, EndsWithExit3])
def test_control_whose_runs_do_not_end_in_order_is_dead(
    place: Place, journal: type[Journal]
) -> None:
    control = Control(Parts(journal=journal), "state", first_load)
    found = Trials([told()], [attempt(place, control, guarded=False)])
    assert found.broken()["end"] == 1
    assert "which its guard does not protect" in str(found.dead(control))


@pytest.mark.parametrize(
    ("guarded", "without", "why"),
    [
        ([], [told("state")], "a trial is missing"),
        ([told()], [], "a trial is missing"),
        ([told("state")], [told("state")], "with its guard the trial breaks state"),
        ([told()], [told("state", "end")], "it breaks end"),
        ([told()], [told("order")], "it breaks order"),
        ([told()], [told("state", rows=0)], "a trial delivered nothing"),
        ([told()], [told("state"), told()], "a trial does not break state"),
    ],
)
def test_control_without_proof_is_dead(guarded: list[Told], without: list[Told], why: str) -> None:
    control = CONTROLS["success_on_200"]
    assert why in str(Trials(guarded, without).dead(control))
    found = Found(controls={"success_on_200": Trials(guarded, without)})
    assert not found.passed
    assert "DEAD" in summary(Wanted(0, 1, 1, ("duckdb",)), found, 1.0)


def test_campaign_passes_with_controls_that_are_alive() -> None:
    found = Found(controls={"success_on_200": Trials([told()], [told("state")])})
    assert found.passed
    assert "success_on_200         alive" in summary(Wanted(0, 1, 1, ("duckdb",)), found, 1.0)


def test_campaign_held_row_that_was_about_to_go_when_its_pass_was_cut_short_goes_next(
    job: Job,
) -> None:
    job.marts.contacts("c1")
    job.marts.orders("1")
    job.marts.orders("2", order_status="mystery", updated_at="2026-10-01 00:00:00+00")
    assert job.run().entities["orders"].held == 1
    job.marts.put("order_statuses", {"id": "mystery", "type": "OTHER"})
    job.emulator.fault("status:403", "GET /schema/attributes")
    assert job.run().exit_code == 4
    assert job.run().entities["orders"].sent == 1
    assert job.states("orders")["2"] == ("sent", None)


def test_campaign_change_of_unknown_outcome_that_is_undone_is_undone_in_metrica_too(
    job: Job,
) -> None:
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
