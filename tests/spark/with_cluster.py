"""Marts built on a cluster of Spark that loses an executor, and their export.

While a run is on, Spark commits a snapshot, or expires the one that the run reads.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from pyspark.sql import SparkSession

from tests.spark import crms
from tests.spark.cluster_build import ClusterBuild, build_and_kill_an_executor
from tests.spark.comparison import difference
from tests.spark.exporter import Exporter, Process, Result
from tests.spark.fixtures import NO_TESTS, Pair, Pairs
from tests.spark.lake import CATALOG
from tests.support.emulator_fixture import RunningEmulator
from tests.support.postgres_fixture import RunningPostgres

MARTS = ("contacts", "orders", "products", "order_statuses")
TABLE = "cluster_metrica.orders"
ORDER = "704"
_HELD_SECONDS = 20
_PATIENCE_SECONDS = 120


@pytest.fixture(scope="module")
def pair(pairs: Pairs) -> Pair:
    """Return the demo's CRM, built by DuckDB, and to be built by the cluster."""
    made = pairs.make("cluster", simple_orders=False)
    made.fill(crms.fill_demo)
    assert made.on_duckdb("build", *NO_TESTS).success
    return made


@pytest.fixture(scope="module")
def built(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> ClusterBuild:
    return build_and_kill_an_executor(pair, tmp_path_factory.mktemp("processes") / "cluster")


@pytest.fixture(scope="module")
def spark(pair: Pair, built: ClusterBuild) -> SparkSession:
    """Return a session, apart from the cluster, that can write to the tables."""
    assert built.tasks
    assert pair.on_spark("run", "--select", "products").success
    return SparkSession.builder.getOrCreate()


@pytest.fixture
def exporter(
    pair: Pair, built: ClusterBuild, server: RunningPostgres, tmp_path: Path
) -> Iterator[Exporter]:
    """Return an exporter of the cluster's marts, with an empty ledger, to an empty Metrica."""
    assert built.tasks
    with RunningEmulator() as emulator:
        yield Exporter(pair, "spark", server.database("ledger"), emulator, tmp_path / "export")


def test_cluster_build_survives_a_killed_executor_and_equals_one_machine(
    pair: Pair, built: ClusterBuild
) -> None:
    assert built.lost_executors == 1
    assert set(built.tasks) == {"worker1", "worker2"}
    assert min(built.tasks.values()) > 10
    for mart in MARTS:
        found = difference(pair.file, f"metrica.{mart}", pair.lake.read("cluster_metrica", mart))
        assert found.is_none, (mart, found)


def test_cluster_export_that_is_killed_resumes_and_sends_each_row_once(exporter: Exporter) -> None:
    for request in ("GET /last_uploadings", "POST /data/contacts", "POST /data/orders"):
        process = held_at(exporter, request, "--chunk-rows", "1500")
        process.kill()
        process.communicate()
    delivered(exporter)
    files = [sha256 for _, _, sha256 in exporter.uploads()]
    assert len(set(files)) == len(files) > 5


def test_cluster_export_reads_no_snapshot_that_spark_commits_meanwhile(
    exporter: Exporter, spark: SparkSession
) -> None:
    process = held_at(exporter, "GET /last_uploadings")
    spark.sql(
        f"update {CATALOG}.{TABLE} set revenue = 1234567, row_hash = md5(row_hash), "
        f"updated_at = current_timestamp() where id = '{ORDER}'"
    )
    result = Result.of(process)
    assert result.exit_code == 0, result.stderr
    assert revenue(exporter.emulator) != 1234567
    delivered(exporter)
    assert revenue(exporter.emulator) == 1234567


def test_cluster_export_of_a_snapshot_that_spark_expires_is_one_clear_error(
    exporter: Exporter, spark: SparkSession
) -> None:
    process = held_at(exporter, "GET /last_uploadings")
    spark.sql(f"update {CATALOG}.{TABLE} set updated_at = now() where id = '{ORDER}'")
    spark.sql(
        f"call {CATALOG}.system.expire_snapshots(table => '{TABLE}', "
        "older_than => timestamp '2999-01-01', retain_last => 1)"
    )
    result = Result.of(process)
    assert result.exit_code == 3
    assert f"{TABLE}, snapshot " in result.stderr
    assert "Traceback" not in result.stderr
    delivered(exporter)


def held_at(exporter: Exporter, request: str, *flags: str) -> Process:
    """Start a run and return it while Metrica waits before it answers this request."""
    exporter.emulator.fault(f"slow:{_HELD_SECONDS}", request)
    process = exporter.start(*flags)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while exporter.emulator.faults():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def delivered(exporter: Exporter) -> None:
    """Run once more; then Metrica has every sendable row, and another run sends nothing."""
    last = exporter.run()
    assert last.exit_code == 0, last.stderr
    idle = exporter.run("--json")
    assert idle.exit_code == 0, idle.stderr
    for mart, counts in json.loads(idle.stdout)["entities"].items():
        assert counts["sent"] == counts["uploads"] == counts["pending"] == 0
        with duckdb.connect(str(exporter.pair.file), read_only=True) as file:
            assert file.sql(f"select count(*) from metrica.{mart}").fetchall() == [
                (counts["rows"],)
            ]
        ((in_metrica,),) = exporter.emulator.sql(f"select count(*) from {mart}")
        assert in_metrica == counts["unchanged"] > 0


def revenue(emulator: RunningEmulator) -> float:
    ((found,),) = emulator.sql("select revenue from orders where id = ?", ORDER)
    return float(found)
