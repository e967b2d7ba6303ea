"""Marts on a cluster of Spark: an executor dies during the build, and the marts are right."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.spark import crms
from tests.spark.cluster import Cluster
from tests.spark.comparison import difference
from tests.spark.fixtures import NO_TESTS, Pairs

MARTS = ("contacts", "orders", "products", "order_statuses", "simple_orders")
_PATIENCE_SECONDS = 600


def test_cluster_build_survives_a_killed_executor_and_equals_one_machine(
    pairs: Pairs, tmp_path: Path
) -> None:
    pair = pairs.make("cluster")
    pair.fill(crms.fill_demo)
    assert pair.on_duckdb("build", *NO_TESTS).success
    pair.lake.stop()
    with Cluster(tmp_path / "cluster") as cluster:
        profile = pair.lake.profile(pair.name)
        outputs = profile["metrica_crm"]["outputs"]["spark"]
        outputs["server_side_parameters"] |= cluster.settings
        (pair.home / "profiles.yml").write_text(yaml.safe_dump(profile), "utf-8")
        build = _start_dbt(
            pair.home,
            cluster.master,
            {**pair.lake.env},
            pair.variables | {"crm_schema": f"{pair.name}_crm"},
        )
        _wait_for_line(
            pair.home / "dbt.log", "START sql table model cluster_metrica.contacts", build
        )
        cluster.kill_executor()
        assert build.wait(_PATIENCE_SECONDS) == 0, (pair.home / "dbt.log").read_text("utf-8")
        tasks, lost = cluster.finished_tasks(), cluster.lost_executors()
    assert lost == 1
    assert set(tasks) == {"worker1", "worker2"}
    assert min(tasks.values()) > 10
    for mart in MARTS:
        found = difference(pair.file, f"metrica.{mart}", pair.lake.read("cluster_metrica", mart))
        assert found.is_none, (mart, found)


def _start_dbt(
    home: Path, master: str, env: dict[str, str], variables: dict[str, object]
) -> subprocess.Popen[bytes]:
    command = [
        *(str(Path(sys.executable).parent / "dbt"), "build", *NO_TESTS, "--no-use-colors"),
        *("--project-dir", str(home / "project"), "--profiles-dir", str(home)),
        *("--target", "spark", "--target-path", str(home / "target")),
        *("--log-path", str(home / "logs"), "--threads", "1"),
        *("--vars", yaml.safe_dump({"default_calling_code": "7", **variables})),
    ]
    with (home / "dbt.log").open("wb") as log:
        return subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, **env, "SPARK_MASTER": master}
        )


def _wait_for_line(log: Path, text: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while text not in log.read_text("utf-8"):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(log.read_text("utf-8"))
        time.sleep(0.05)
