"""A build by dbt on a cluster of Spark that loses an executor on the way."""

import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.spark.cluster import Cluster, ClusterFailedError
from tests.spark.fixtures import NO_TESTS, Pair

_PATIENCE_SECONDS = 600


@dataclass(frozen=True)
class ClusterBuild:
    """What the log of events tells about a build: finished tasks by worker, and lost executors."""

    tasks: Counter[str]
    lost_executors: int
    seconds: float


def build_and_kill_an_executor(pair: Pair, folder: Path) -> ClusterBuild:
    """Build a pair's marts on a cluster of its own; kill an executor when the contacts begin.

    Raises ClusterFailedError with dbt's output if the build fails.
    """
    log = pair.home / "dbt.log"
    # A process has one session of Spark, and that of another build has another master.
    pair.lake.stop()
    with Cluster(folder) as cluster:
        profile = pair.lake.profile(pair.name)
        profile["metrica_crm"]["outputs"]["spark"]["server_side_parameters"] |= cluster.settings
        (pair.home / "profiles.yml").write_text(yaml.safe_dump(profile), "utf-8")
        started = time.monotonic()
        with log.open("wb") as output:
            build = subprocess.Popen(
                _command(pair),
                stdout=output,
                stderr=output,
                env={**os.environ, **pair.lake.env, "SPARK_MASTER": cluster.master},
            )
        try:
            _wait_for_line(log, f"START sql table model {pair.name}_metrica.contacts", build)
            cluster.kill_executor()
            if build.wait(_PATIENCE_SECONDS):
                raise ClusterFailedError(log.read_text("utf-8"))
        finally:
            build.kill()
        seconds = time.monotonic() - started
        return ClusterBuild(cluster.finished_tasks(), cluster.lost_executors(), seconds)


def _command(pair: Pair) -> list[str]:
    variables = {
        "default_calling_code": "7",
        "crm_schema": f"{pair.name}_crm",
        **pair.variables,
    }
    return [
        *(str(Path(sys.executable).parent / "dbt"), "build", *NO_TESTS, "--no-use-colors"),
        *("--project-dir", str(pair.project), "--profiles-dir", str(pair.home)),
        *("--target", "spark", "--target-path", str(pair.home / "target")),
        *("--log-path", str(pair.home / "logs"), "--threads", "1"),
        *("--vars", yaml.safe_dump(variables)),
    ]


def _wait_for_line(log: Path, text: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while text not in log.read_text("utf-8"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise ClusterFailedError(log.read_text("utf-8"))
        time.sleep(0.05)
