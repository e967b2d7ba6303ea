"""Marts on a cluster of Spark: an executor dies during the build, and the marts are right."""

from pathlib import Path

from tests.spark import crms
from tests.spark.cluster_build import build_and_kill_an_executor
from tests.spark.comparison import difference
from tests.spark.fixtures import NO_TESTS, Pairs

MARTS = ("contacts", "orders", "products", "order_statuses", "simple_orders")


def test_cluster_build_survives_a_killed_executor_and_equals_one_machine(
    pairs: Pairs, tmp_path: Path
) -> None:
    pair = pairs.make("cluster")
    pair.fill(crms.fill_demo)
    assert pair.on_duckdb("build", *NO_TESTS).success
    built = build_and_kill_an_executor(pair, tmp_path / "cluster")
    assert built.lost_executors == 1
    assert set(built.tasks) == {"worker1", "worker2"}
    assert min(built.tasks.values()) > 10
    for mart in MARTS:
        found = difference(pair.file, f"metrica.{mart}", pair.lake.read("cluster_metrica", mart))
        assert found.is_none, (mart, found)
