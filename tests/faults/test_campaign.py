"""A short part of the fault campaign with fixed seeds. `make faults` runs all of it."""

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
from tests.faults.campaign import CampaignOptions, CampaignResult
from tests.faults.controls import CONTROLS, Control, ControlResult
from tests.faults.exit_codes import BUSY, RUN_EXIT_CODES
from tests.faults.generated_marts import GeneratedMarts
from tests.faults.history import HistoryResult
from tests.faults.summary import summary
from tests.faults.system import SystemUnderTest
from tests.faults.workspace import PostgresServer, Workspace, mart_source
from tests.support.job import Job
from tests.support.lake_marts import ICEBERG
from tests.support.postgres_fixture import RunningPostgres

WAREHOUSE_KINDS = ("duckdb", "postgres", ICEBERG)
RESPONSE_RECEIVED = "http: POST /data/orders/csv response received"


@pytest.fixture(scope="module")
def workspace(postgres: RunningPostgres) -> Iterator[Workspace]:
    postgres.start()
    workspace = Workspace(PostgresServer.of(postgres), "faults")
    yield workspace
    workspace.close()


def run_history(workspace: Workspace, seed: int, warehouse_kind: str) -> HistoryResult:
    rng = Random(f"history {seed}")  # noqa: S311 - not a secret
    with workspace.generated_system(warehouse_kind, rng) as (system, marts):
        return history.run_history(system, mart_source(marts), seed, rng)


def run_trial(workspace: Workspace, control: Control, *, with_guard: bool) -> HistoryResult:
    parts = PARTS if with_guard else control.parts
    rng = Random("trial")  # noqa: S311 - not a secret
    with workspace.generated_system(control.warehouse_kinds[0], rng, parts) as (system, marts):
        return trials.run_trial(system, marts, control.trial, 1)


def trial_result(*broken: str, rows: int = 1) -> HistoryResult:
    violations = tuple((invariant, "a violation") for invariant in broken)
    event_counts = Counter({trials.ROWS_DELIVERED: rows})
    return HistoryResult(1, "duckdb", "trial", (), violations, event_counts)


@pytest.mark.parametrize("warehouse_kind", WAREHOUSE_KINDS)
@pytest.mark.parametrize("seed", [3, 5])
def test_campaign_history_of_changes_faults_and_kills_breaks_no_invariant(
    workspace: Workspace, seed: int, warehouse_kind: str
) -> None:
    result = run_history(workspace, seed, warehouse_kind)
    assert result.violations == (), "\n".join(result.actions)


@pytest.mark.parametrize("warehouse_kind", WAREHOUSE_KINDS)
@pytest.mark.parametrize("scenario", ["rows reverted after kill", "several status steps"])
def test_campaign_run_killed_around_the_answer_to_an_upload_loses_nothing(
    workspace: Workspace, scenario: str, warehouse_kind: str
) -> None:
    labels = kills.list_io_steps(workspace, scenario, warehouse_kind)
    responses = [step for step, label in enumerate(labels, 1) if label == RESPONSE_RECEIVED]
    middle = responses[len(responses) // 2]
    steps = range(middle - 1, middle + 3)
    for result in kills.kill_at_steps(workspace, scenario, warehouse_kind, steps):
        assert result.event_counts["kills"] == 1
        assert result.violations == (), result.actions
        # Metrica has applied the upload since the step before.
        assert result.seed != middle or not result.event_counts[kills.SAME_STATE]


@pytest.mark.parametrize("warehouse_kind", WAREHOUSE_KINDS)
def test_campaign_run_killed_where_the_gate_stops_it_breaks_no_invariant(
    workspace: Workspace, warehouse_kind: str
) -> None:
    scenario = "stopped by the gate"
    last = len(kills.list_io_steps(workspace, scenario, warehouse_kind))
    steps = range(last - 1, last + 1)
    for result in kills.kill_at_steps(workspace, scenario, warehouse_kind, steps):
        stopped = result.event_counts["exit 6"]
        assert stopped + result.event_counts[kills.SAME_STATE] == 1
        assert result.violations == (), result.actions


@pytest.mark.parametrize("name", CONTROLS)
def test_control_breaks_only_the_invariant_of_its_guard(workspace: Workspace, name: str) -> None:
    control = CONTROLS[name]
    result = ControlResult(
        [run_trial(workspace, control, with_guard=True)],
        [run_trial(workspace, control, with_guard=False)],
    )
    assert result.failure(control) is None, [*result.with_guard, *result.without_guard]
    assert result.broken_invariants().keys() == {control.protected_invariant}


def test_campaign_expects_documented_exit_codes_only() -> None:
    documented = {int(code) for code in re.findall(r"^  (\d+)  ", str(cli.epilog), re.MULTILINE)}
    assert documented >= {0, 2, 3, 4, 5, 6, 130}
    assert {*RUN_EXIT_CODES, BUSY} <= documented


def first_load(system: SystemUnderTest, marts: GeneratedMarts) -> None:
    """Add a contact and leave the run to the clean runs at the end of the trial."""
    marts.add("contacts", marts.generator.contact("c1"), marts.next_updated_at())
    marts.write([("contacts", "c1")])
    assert system.warehouse_kind == "duckdb"


class RaisesAttributeError(Journal):
    def start_upload(self, upload_no: int, requests: int) -> None:
        raise AttributeError(f"start_upload moved away: {upload_no}, {requests}")


class EndsWithExit3(Journal):
    def start_upload(self, upload_no: int, requests: int) -> None:
        raise WarehouseError(f"The warehouse is gone: {upload_no}, {requests}")


@pytest.mark.parametrize("journal", [RaisesAttributeError, EndsWithExit3])
def test_control_fails_when_its_runs_crash(workspace: Workspace, journal: type[Journal]) -> None:
    control = Control(Parts(journal=journal), "state", first_load)
    result = ControlResult([trial_result()], [run_trial(workspace, control, with_guard=False)])
    assert result.broken_invariants()["exit"] == 1
    assert "expected state only" in str(result.failure(control))


@pytest.mark.parametrize(
    ("with_guard", "without_guard", "failure"),
    [
        ([], [trial_result("state")], "a trial is missing"),
        ([trial_result()], [], "a trial is missing"),
        (
            [trial_result("state")],
            [trial_result("state")],
            "with its guard the trial breaks state",
        ),
        ([trial_result()], [trial_result("state", "exit")], "breaks exit, expected state only"),
        ([trial_result()], [trial_result("sequence")], "breaks sequence, expected state only"),
        ([trial_result()], [trial_result("state", rows=0)], "a trial delivered nothing"),
        (
            [trial_result()],
            [trial_result("state"), trial_result()],
            "without its guard a trial does not break state",
        ),
    ],
)
def test_control_without_proof_fails_the_campaign(
    with_guard: list[HistoryResult], without_guard: list[HistoryResult], failure: str
) -> None:
    control_result = ControlResult(with_guard, without_guard)
    assert failure in str(control_result.failure(CONTROLS["success_on_200"]))
    result = CampaignResult(controls={"success_on_200": control_result})
    assert not result.passed
    text = summary(CampaignOptions(0, 1, 1, ("duckdb",)), result, 1.0)
    assert "success_on_200         FAILED: " in text
    assert failure in text


def test_campaign_passes_when_every_control_passes() -> None:
    control_result = ControlResult([trial_result()], [trial_result("state")])
    result = CampaignResult(controls={"success_on_200": control_result})
    assert result.passed
    text = summary(CampaignOptions(0, 1, 1, ("duckdb",)), result, 1.0)
    assert "success_on_200         passed" in text


def test_run_sends_released_row_after_an_interrupted_pass(
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


def test_run_reverts_a_change_whose_upload_has_an_unknown_outcome(
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
