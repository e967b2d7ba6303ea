"""Airflow: the example DAG runs, and the operator maps exit codes and pushes the result."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.orchestrators.crm import BIN, ROOT, Crm, make_crm
from tests.support.emulator_fixture import RunningEmulator

# Airflow reads its settings when it is imported.
HOME = tempfile.mkdtemp(prefix="airflow-")
os.environ |= {
    "AIRFLOW_HOME": HOME,
    "AIRFLOW__CORE__DAGS_FOLDER": f"{HOME}/dags",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW_CONN_METRICA": json.dumps({"conn_type": "generic", "password": "a-made-up-token"}),
}

from airflow.dag_processing.dagbag import DagBag  # noqa: E402
from airflow.models.dagrun import DagRun  # noqa: E402
from airflow.models.xcom import XComModel  # noqa: E402
from airflow.sdk import DAG  # noqa: E402
from airflow.utils.session import create_session  # noqa: E402

DAY = datetime(2026, 11, 1, tzinfo=UTC)
NUMBERS = count(1)


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crm]:
    """Return a CRM, whose marts the first check builds, and Airflow's own database."""
    folder = tmp_path_factory.mktemp("airflow")
    Path(HOME, "dags").mkdir()
    subprocess.run([BIN / "airflow", "db", "migrate"], check=True, capture_output=True)
    with RunningEmulator() as emulator, pytest.MonkeyPatch.context() as patch:
        emulator.quotas(requests_per_second=1000)
        made = make_crm(folder / "project", emulator)
        for name, value in made.environment.items():
            patch.setenv(name, value)
        yield made
    shutil.rmtree(HOME)


ALONE = """
from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG
from metrica_export.integrations.airflow import MetricaExportOperator

with DAG({name!r}, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    MetricaExportOperator(task_id="export", retry_delay=timedelta(seconds=1), **{settings!r})
"""


def run_dag(crm: Crm, **settings: Any) -> DagRun:
    """Run a DAG of its own file with the operator only; return its run."""
    name = f"alone_{next(NUMBERS)}"
    own = {"counter_id": crm.emulator.counter, "project_dir": str(crm.folder)}
    file = Path(HOME, "dags", f"{name}.py")
    file.write_text(ALONE.format(name=name, settings=own | settings))
    return dag_of(file, name).test(logical_date=DAY)


def dag_of(file: Path, name: str) -> DAG:
    """Return a DAG of a file."""
    bag = DagBag(file)
    assert bag.import_errors == {}
    return bag.dags[name]


def result_of(run: DagRun, task: str) -> Mapping[str, Any]:
    """Return the pushed result of a task."""
    with create_session() as session:
        query = XComModel.get_many(
            run_id=run.run_id, key="result", task_ids=task, dag_ids=run.dag_id
        )
        (row,) = session.scalars(query).all()
        found = row.value
    shown: Mapping[str, Any] = json.loads(found) if isinstance(found, str) else found
    return shown


def states(run: DagRun) -> dict[str, str]:
    return {instance.task_id: str(instance.state) for instance in run.get_task_instances()}


def test_airflow_example_builds_and_delivers_the_marts(crm: Crm) -> None:
    file = Path(
        shutil.copy(ROOT / "examples" / "airflow" / "metrica_export_dag.py", f"{HOME}/dags")
    )
    run = dag_of(file, "metrica_export").test(logical_date=DAY)
    assert states(run) == {"dbt_build": "success", "metrica_export": "success"}
    result = result_of(run, "metrica_export")
    assert result["exit_code"] == 0
    assert result["entities"]["orders"]["sent"] == crm.held_by_metrica() > 0
    assert crm.exit_codes() == [0]


def test_airflow_gate_fails_the_task_without_a_retry(crm: Crm) -> None:
    before = len(crm.exit_codes())
    run = run_dag(crm, retries=2, arguments=["--max-unsendable-percent", "0"])
    assert states(run) == {"export": "failed"}
    assert crm.exit_codes()[before:] == [6]
    assert list(result_of(run, "export")["exceeded"]) == ["unsendable"]


def test_airflow_failure_that_another_attempt_may_help_is_retried(crm: Crm) -> None:
    crm.forget_deliveries()
    crm.emulator.fault("status:403", "POST /data/contacts/csv")
    run = run_dag(crm, retries=1)
    assert states(run) == {"export": "success"}
    assert crm.exit_codes()[-2:] == [4, 0]
    assert result_of(run, "export")["exit_code"] == 0


def test_airflow_settings_error_fails_without_a_retry(crm: Crm) -> None:
    before = crm.exit_codes()
    run = run_dag(crm, retries=2, arguments=["--chunk-rows", "0"])
    assert states(run) == {"export": "failed"}
    assert "--chunk-rows is 0" in result_of(run, "export")["error"]
    assert crm.exit_codes() == before


def test_airflow_token_comes_from_a_connection(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("METRICA_TOKEN")
    assert states(run_dag(crm)) == {"export": "failed"}
    assert states(run_dag(crm, conn_id="metrica")) == {"export": "success"}


def test_airflow_sigterm_ends_the_run_in_order(crm: Crm) -> None:
    crm.forget_deliveries()
    crm.emulator.fault("slow:60", "POST /data/contacts/csv")
    sent: list[float] = []

    def end() -> None:
        deadline = time.monotonic() + 120
        while crm.emulator.faults() and time.monotonic() < deadline:
            time.sleep(0.2)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGTERM)

    handler = signal.getsignal(signal.SIGTERM)
    thread = Thread(target=end)
    thread.start()
    try:
        run = run_dag(crm)
    finally:
        signal.signal(signal.SIGTERM, handler)
        thread.join()
    assert states(run) == {"export": "failed"}
    assert time.monotonic() - sent[0] < 40
    assert result_of(run, "export")["exit_code"] == crm.exit_codes()[-1] == 130
    assert states(run_dag(crm)) == {"export": "success"}
