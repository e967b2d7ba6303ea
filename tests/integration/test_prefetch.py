"""What is made ready ahead of its turn, and what becomes of it when its turn never comes."""

import resource
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from metrica_export.checks import staged_mart
from metrica_export.delivery import chunk_file
from metrica_export.delivery.csv_file import File, write_csv
from metrica_export.delivery.prefetch import SESSIONS
from metrica_export.delta.full_list import stage_full_list
from metrica_export.settings import Gate
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart

from tests.integration.test_form import without_attributes
from tests.integration.test_histories import start, wait_for
from tests.support.emulator_fixture import RunningEmulator
from tests.support.job import Job

ALL = tuple(map(str, range(8)))
LATER = "2026-11-03 00:00:00+00"
ON_A_SERVER = pytest.mark.parametrize("job", ["postgres"], indirect=True)
"""A DuckDB file is for one process, and the run has it."""


def statuses(job: Job) -> set[str]:
    """Return the statuses of all uploads."""
    return {status for (status,) in job.marts.sql("select status from metrica_export.uploads")}


def test_prefetch_of_killed_run_is_not_counted(job: Job) -> None:
    job.marts.contacts("c1")
    job.marts.orders(*ALL)
    assert job.run().error is None
    job.marts.orders(*ALL, revenue="5.00", updated_at=LATER)
    job.emulator.fault("slow:5", "POST /data/orders/csv")
    with start(job, "--chunk-rows", "1") as run:
        # The first upload takes its slow answer, and the next ones are prepared meanwhile.
        wait_for(lambda: not job.emulator.faults())
        time.sleep(2)
        run.send_signal(signal.SIGKILL)
    assert {"prepared", "started"} <= statuses(job)
    job.marts.orders(*ALL, updated_at=LATER)
    states = sorted(state for state, _ in job.states("orders").values())
    assert states == ["pending", *["sent"] * 7]
    outcome = job.run()
    assert (outcome.error, outcome.entities["orders"].sent) == (None, 1)
    assert statuses(job) == {"PASSED", "unknown"}


def test_prefetch_after_error_discards_rows_that_were_not_sent(job: Job) -> None:
    job.marts.contacts("c1")
    job.marts.orders(*ALL)
    job.emulator.fault("status:403", "POST /data/orders/csv")
    outcome = job.run(chunk_rows=1)
    assert outcome.exit_code == 4
    ((deliveries,),) = job.marts.sql(
        "select count(*) from metrica_export.ledger_deliveries d "
        "join metrica_export.ledger_uploads u on u.upload_no = d.upload_no "
        "where u.entity = 'orders'"
    )
    assert (deliveries, statuses(job)) == (1, {"PASSED", "FAILED"})
    assert job.run().entities["orders"].sent == len(ALL)


def test_prefetch_after_error_drops_chunks_whose_preparation_has_not_begun(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.marts.contacts("c1")
    job.marts.orders(*ALL)
    job.emulator.fault("status:403", "POST /data/orders/csv")
    begun: list[str] = []

    def slow(wh: Attached, mart: Mart, found: str, path: Path) -> File:
        begun.append(mart.name)
        if begun.count("orders") > 1:
            time.sleep(1)
        return write_csv(wh, mart, found, path)

    monkeypatch.setattr(chunk_file, "write_csv", slow)
    # All sessions are at work on a chunk when the answer to the first one comes.
    outcome = job.run(chunk_rows=1)
    assert outcome.exit_code == 4
    assert begun.count("orders") < min(len(ALL), 2 * SESSIONS)
    assert statuses(job) == {"PASSED", "FAILED"}


@ON_A_SERVER
def test_prefetch_full_disk_ends_the_making_of_json_in_order(job: Job) -> None:
    without_attributes(job)
    job.marts.contacts(*map(str, range(2_000)), name="Анна Ли " * 30)

    def no_large_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, 900_000))

    with start(job, "--json-rows", "5000", setup=no_large_files) as run:
        _, told = run.communicate(timeout=60)
    assert run.returncode == 2, told
    assert "Set --staging-dir to a folder with more room" in told


@ON_A_SERVER
def test_prefetch_list_that_changes_while_it_is_read_is_not_sent(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.marts.put("order_statuses", {"id": "won", "type": "PAID", "humanized": "A"})

    def late(wh: Attached, mart: Mart) -> None:
        if mart.name == "order_statuses":
            job.marts.put("order_statuses", {"id": "won", "type": "PAID", "humanized": "B"})
        stage_full_list(wh, mart)

    monkeypatch.setattr(staged_mart, "stage_full_list", late)
    outcome = job.run()
    assert outcome.exit_code == 3
    assert "changed while it was read" in str(outcome.error)
    monkeypatch.undo()
    assert job.run().entities["order_statuses"].sent == 1


def test_prefetch_path_with_a_long_status_keeps_to_the_limit_of_bytes(job: Job) -> None:
    long = "s" * 240
    statuses: list[dict[str, Any]] = [
        {"id": long, "type": "IN_PROGRESS"},
        {"id": "x", "type": "PAID"},
    ]
    job.marts.put("order_statuses", *statuses)
    job.marts.contacts("c1")
    job.marts.orders(*map(str, range(40)), order_status="x", status_path=f"{long},x")
    outcome = job.run(gate=Gate(accepted=frozenset({"paid"})), chunk_bytes=2_000)
    assert (outcome.error, outcome.entities["orders"].sent) == (None, 40)
    ((largest,),) = job.emulator.sql("select max(bytes) from uploads where entity = 'orders'")
    assert largest <= 2_000


@pytest.mark.parametrize("key", ["⟦wh⟧1", "⟦ledger⟧", "a\\n", "end\\", "it's", "⟦"])
def test_prefetch_id_is_looked_up_as_it_is(job: Job, key: str) -> None:
    job.marts.contacts("c1")
    job.marts.orders(key, "2")
    assert job.run().error is None
    job.marts.orders(key, revenue="7.00", updated_at=LATER)
    outcome = job.run()
    assert (outcome.error, outcome.entities["orders"].sent) == (None, 1)
    assert job.run(everything=True).entities["orders"].unchanged == 2


@ON_A_SERVER
def test_first_runs_of_two_counters_make_one_ledger(job: Job) -> None:
    job.marts.contacts("c1")
    with RunningEmulator(counter=777) as emulator:
        other = Job(job.marts, emulator)
        with start(job) as one, start(other) as two:
            told = [one.communicate(timeout=60)[1], two.communicate(timeout=60)[1]]
        assert (one.returncode, two.returncode) == (0, 0), told
    assert job.marts.sql("select count(*) from metrica_export.ledger_version") == [(1,)]
    assert job.run().error is None
