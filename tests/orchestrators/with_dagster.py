"""Dagster: the example runs, and its assets and checks say what became of the marts."""

import json
import runpy
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from dagster import (
    AssetCheckKey,
    AssetKey,
    Definitions,
    ExecuteInProcessResult,
    RetryPolicy,
    materialize,
)
from metrica_export.integrations.dagster import CHECKS, MetricaExport, metrica_assets

from tests.orchestrators.crm import BIN, MARTS, ROOT, Crm, make_crm
from tests.support.emulator_fixture import RunningEmulator

EXAMPLE = ROOT / "examples" / "dagster" / "definitions.py"


def key(mart: str) -> AssetKey:
    return AssetKey(["yandex_metrica", mart])


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crm]:
    """Return a CRM, whose marts the first check builds."""
    folder = tmp_path_factory.mktemp("dagster")
    with RunningEmulator() as emulator, pytest.MonkeyPatch.context() as patch:
        emulator.quotas(requests_per_second=1000)
        made = make_crm(folder / "project", emulator)
        for name, value in made.environment.items():
            patch.setenv(name, value)
        patch.setenv("DAGSTER_HOME", str(folder))
        (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        # The example's own folder is that of `dagster dev`, which parses the project.
        subprocess.run([BIN / "dbt", "--quiet", "parse", "--project-dir", made.folder], check=True)
        yield made


def export(crm: Crm, *arguments: str, **policy: Any) -> ExecuteInProcessResult:
    """Materialize the assets of the marts, without dbt."""
    assets = metrica_assets(crm.folder / "target" / "manifest.json", **policy)
    resource = MetricaExport(
        project_dir=str(crm.folder),
        counter_id=crm.emulator.counter,
        arguments=list(arguments),
    )
    return materialize([assets], resources={"metrica_export": resource}, raise_on_error=False)


def checks(result: ExecuteInProcessResult) -> dict[tuple[str, str], bool]:
    """Return mart and check → whether it passed."""
    return {
        (found.asset_key.path[-1], found.check_name): found.passed
        for found in result.get_asset_check_evaluations()
        if found.asset_key.path[0] == "yandex_metrica"
    }


def materialized(result: ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    """Return mart → metadata of its materialization."""
    return {
        event.materialization.asset_key.path[-1]: {
            name: value.value for name, value in event.materialization.metadata.items()
        }
        for event in result.get_asset_materialization_events()
        if event.materialization.asset_key.path[0] == "yandex_metrica"
    }


def test_dagster_example_builds_and_delivers_every_mart(crm: Crm) -> None:
    defs: Definitions = runpy.run_path(str(EXAMPLE))["defs"]
    result = defs.resolve_job_def("nightly").execute_in_process(raise_on_error=False)
    assert result.success
    found = materialized(result)
    assert set(found) == set(MARTS)
    for mart, metadata in found.items():
        parts = [metadata[name] for name in ("delivered", "rejected", "held", "pending")]
        assert sum(parts) == metadata["dagster/row_count"] == crm.rows(mart), mart
    assert found["orders"]["sent"] == crm.held_by_metrica() > 0
    assert found["orders"]["link"].endswith(f"?id={crm.emulator.counter}")
    assert found["orders"]["run_no"] == 1
    shown = checks(result)
    assert {(mart, name) for mart in MARTS for name in ("all_delivered", "gate")} <= set(shown)
    assert all(shown[mart, "gate"] for mart in MARTS)
    # The made-up CRM has rows that cannot be sent.
    assert not shown["contacts", "all_delivered"]
    assert shown["products", "all_delivered"]
    assert ("orders", "deadlines") in shown
    assert ("contacts", "deadlines") not in shown


def test_dagster_assets_depend_on_their_models(crm: Crm) -> None:
    manifest = json.loads((crm.folder / "target" / "manifest.json").read_text())
    assets = metrica_assets(crm.folder / "target" / "manifest.json")
    specs = {spec.key: spec for spec in assets.specs}
    assert set(specs) == {key(mart) for mart in MARTS}
    deps = {dep.asset_key for dep in specs[key("orders")].deps}
    schema = manifest["nodes"]["model.metrica_crm.orders"]["config"]["schema"]
    model = AssetKey([schema, "orders"] if schema else ["orders"])
    assert deps == {model, key("contacts"), key("order_statuses")}
    example: Definitions = runpy.run_path(str(EXAMPLE))["defs"]
    assert model in example.resolve_asset_graph().get_all_asset_keys()
    assert AssetCheckKey(key("orders"), "deadlines") in {c.key for c in assets.check_specs}
    assert {spec.name for spec in assets.check_specs} == set(CHECKS)


def test_dagster_gate_fails_the_step_once_and_its_checks(crm: Crm) -> None:
    before = len(crm.exit_codes())
    policy = RetryPolicy(max_retries=2)
    result = export(crm, "--max-unsendable-percent", "0", retry_policy=policy)
    assert not result.success
    assert crm.exit_codes()[before:] == [6]
    shown = checks(result)
    assert [shown[mart, "gate"] for mart in MARTS] == [False] * 4
    assert materialized(result) == {}
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    error = failure.step_failure_data
    assert error.user_failure_data is not None
    assert "exit code 6" in (error.user_failure_data.description or "")
    accepted = export(crm, "--max-unsendable-percent", "0", "--accept", "unsendable")
    assert accepted.success
    assert all(checks(accepted)[mart, "gate"] for mart in MARTS)


def test_dagster_repeats_a_failure_that_another_attempt_may_help(crm: Crm) -> None:
    crm.forget_deliveries()
    crm.emulator.fault("status:403", "POST /data/contacts/csv")
    result = export(crm, retry_policy=RetryPolicy(max_retries=1))
    assert result.success
    assert crm.exit_codes()[-2:] == [4, 0]
    crm.forget_deliveries()
    crm.emulator.fault("status:403", "POST /data/contacts/csv")
    result = export(crm)
    assert not result.success
    assert not checks(result)["contacts", "all_delivered"]
    assert crm.exit_codes()[-1] == 4


def test_dagster_settings_error_is_not_repeated_and_named(crm: Crm) -> None:
    before = crm.exit_codes()
    result = export(crm, "--chunk-rows", "0", retry_policy=RetryPolicy(max_retries=2))
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    found = failure.step_failure_data.user_failure_data
    assert found is not None
    assert "--chunk-rows is 0" in (found.description or "")
    assert crm.exit_codes() == before


def test_dagster_sigterm_ends_the_run_in_order(crm: Crm) -> None:
    crm.forget_deliveries()
    crm.emulator.fault("slow:60", "POST /data/contacts/csv")
    command = [str(BIN / "dagster"), "asset", "materialize", "-f", str(EXAMPLE)]
    with subprocess.Popen(
        [*command, "--select", "key:yandex_metrica/contacts"],
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 120
        while crm.emulator.faults():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        sent = time.monotonic()
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert process.returncode != 0, output
    assert time.monotonic() - sent < 40
    assert crm.exit_codes()[-1] == 130
    # The lock is free, and the rows arrive.
    result = export(crm)
    assert result.success
    assert materialized(result)["contacts"]["sent"] > 0


def test_dagster_one_mart_can_be_delivered(crm: Crm) -> None:
    assets = metrica_assets(crm.folder / "target" / "manifest.json")
    resource = MetricaExport(project_dir=str(crm.folder), counter_id=crm.emulator.counter)
    result = materialize(
        [assets], selection=[key("products")], resources={"metrica_export": resource}
    )
    assert set(materialized(result)) == {"products"}
    assert {mart for mart, _ in checks(result)} == {"products"}
