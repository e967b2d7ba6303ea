"""`make bench-lake`: the same CRM, built and exported by DuckDB, PostgreSQL, Spark and a cluster.

It runs in the environment of the tests of Spark. The second table has the memory of a first export
from Iceberg against the size of the marts.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import click
import duckdb
import yaml

from benchmarks import dbt, machine, mart, page, works
from benchmarks.meter import Usage, measure
from benchmarks.server import BenchPostgres
from tests.spark.cluster import Cluster
from tests.spark.lake import LOCAL_MASTER, ROOT, Lake
from tests.support.lake_marts import make_lake

_PAGE = Path(__file__).with_name("LAKE.md")
_INTRODUCTION = """\
# Results of `make bench-lake`

Written by `make bench-lake RESULTS=1 ROWS=1000000,5000000 EXPORTED=1000000,5000000,20000000`; not
by hand. Every figure is of one round. A build is
`dbt run` as a whole, of a CRM that is new; the first export of its marts follows, to a sink that
takes everything. Spark's driver has 4 GB. The cluster is a master and two workers of one core and
2 GB each on the same machine, so it shows what a cluster costs, and not what more machines gain.
Peak memory of a build on the cluster is the driver's. The ledger of marts in Iceberg is in
PostgreSQL.
"""
_SETTINGS = {"spark.driver.memory": "4g", "spark.sql.shuffle.partitions": "8"}
_SCHEMA = "bench"
_BATCH_ROWS = 1_000_000
_CLUSTER = "Spark, cluster"


def _sizes(_context: click.Context, _option: click.Parameter, value: str) -> list[int]:
    return [int(size) for size in value.replace(",", " ").split()]


@click.command()
@click.option("--orders", default="1000000", show_default=True, callback=_sizes, help="To build.")
@click.option("--exported", default="", callback=_sizes, help="Orders in marts to export only.")
@click.option("--results", is_flag=True, help="Write benchmarks/LAKE.md too.")
def bench_lake(*, orders: list[int], exported: list[int], results: bool) -> None:
    """Compare the engines on CRMs of these sizes."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, works.running_sink() as sink:
        folder = Path(name)
        with BenchPostgres() as server:
            facts = machine.describe(folder, server.version(), None)
        built = [line for size in orders for line in _builds(folder, size, sink)]
        sent = [_export(folder, size, sink) for size in exported]
    text = "\n".join(
        [
            _INTRODUCTION,
            page.table(("measured on", ""), facts),
            "\n## Build and first export\n",
            page.table(_HEADS, built),
            "\n## First export of marts that pyiceberg wrote to Iceberg\n",
            page.table(("orders", "rows/s", "wall s", "CPU s", "peak MB"), sent),
            "",
        ]
    )
    click.echo(text)
    if results:
        _PAGE.write_text(text, encoding="utf-8")


_HEADS = ("orders", "engine", "build s", "x DuckDB", "build MB", "export s", "rows/s", "export MB")


def _builds(folder: Path, orders: int, sink: str) -> Iterator[tuple[str, ...]]:
    fastest = None
    for engine, build, export in _engines(folder, orders, sink):
        fastest = fastest or build.wall
        line = (
            f"{orders:,}",
            engine,
            f"{build.wall:.0f}",
            f"{build.wall / fastest:.1f}",
            f"{build.peak / 1e6:.0f}",
            f"{export.wall:.1f}",
            f"{dbt.rows(orders) / export.wall:,.0f}",
            f"{export.peak / 1e6:.0f}",
        )
        click.echo(" | ".join(line), err=True)
        yield line


def _engines(folder: Path, orders: int, sink: str) -> Iterator[tuple[str, Usage, Usage]]:
    for kind, engine in (("duckdb", "DuckDB"), ("postgres", "PostgreSQL")):
        with dbt.made_crm(kind) as crm:
            crm.fill(orders)
            crm.build("seed")
            yield engine, crm.build("run").usage, crm.export(sink).usage
    for engine, name in ((f"Spark, {LOCAL_MASTER}", "local"), (_CLUSTER, "cluster")):
        home = folder / name
        with BenchPostgres() as server, ExitStack() as stack:
            home.mkdir()
            in_lake = _LakeCrm(home, server)
            in_lake.fill(orders)
            if engine == _CLUSTER:
                in_lake.use(stack.enter_context(Cluster(home / "cluster", memory="2g")))
            in_lake.build("seed")
            build = in_lake.build("run")
            stack.close()
            yield engine, build, in_lake.export(sink)
        shutil.rmtree(home)


class _LakeCrm:
    """A made-up CRM in Iceberg tables, built by Spark in a copy of the project."""

    def __init__(self, home: Path, server: BenchPostgres) -> None:
        self._home = home
        self._lake = Lake(server.database("catalog"), home / "lake", settings=_SETTINGS)
        self._lake.folder.mkdir()
        self._project = home / "project"
        ignored = shutil.ignore_patterns("target", "logs")
        shutil.copytree(ROOT / "dbt_project", self._project, ignore=ignored)
        self._profile = self._lake.profile(_SCHEMA)
        outputs = self._profile["metrica_crm"]["outputs"]
        outputs["ledger"] = server.database("ledger").dbt_target
        self._spark = outputs["spark"]["server_side_parameters"]
        self._env = {**os.environ, **self._lake.env}

    def fill(self, orders: int) -> None:
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            for name, query in dbt.tables(orders):
                rows = connection.sql(query).to_arrow_table()
                self._lake.load(f"{_SCHEMA}_crm", {name: rows})

    def use(self, cluster: Cluster) -> None:
        """Build on this cluster."""
        self._spark |= cluster.settings
        self._env["SPARK_MASTER"] = cluster.master

    def build(self, *command: str) -> Usage:
        (self._home / "profiles.yml").write_text(yaml.safe_dump(self._profile), "utf-8")
        variables = {"default_calling_code": "7", "crm_schema": f"{_SCHEMA}_crm"}
        places = ("--profiles-dir", self._home, "--log-path", self._home)
        output = ("--target-path", self._home / "target", "--project-dir", self._project)
        flags = ("--target", "spark", "--vars", yaml.safe_dump(variables))
        return measure([dbt.DBT, *command, *flags, *places, *output], self._env)

    def export(self, sink: str) -> Usage:
        flags = ("--project-dir", self._project, "--profiles-dir", self._home)
        targets = ("--target", "spark", "--ledger", "ledger")
        env = self._env | dbt.export_env(sink, self._home / "target")
        return measure([dbt.EXPORT, "run", *flags, *targets], env)


def _export(folder: Path, orders: int, sink: str) -> tuple[str, ...]:
    """Measure a first export of marts that pyiceberg writes, in files of so many rows."""
    with BenchPostgres() as server, tempfile.TemporaryDirectory(dir=folder) as name:
        made, lake = Path(name) / "made", Path(name) / "lake"
        for each in (made, lake):
            each.mkdir()
        file = mart.fill(made, None, orders)
        marts = make_lake(lake, server.database("bench"))
        with file.connection() as connection:
            for relation in marts.written:
                batches = connection.execute(f"from {relation}").to_arrow_reader(_BATCH_ROWS)
                for batch in batches:
                    marts.append(relation, batch)
        shutil.rmtree(made)
        bench = works.Bench(marts, server, sink, folder)
        usage = measure([dbt.EXPORT, "run", *marts.flags], bench.env)
        line = (
            f"{orders:,}",
            f"{dbt.rows(orders) / usage.wall:,.0f}",
            f"{usage.wall:.1f}",
            f"{usage.cpu:.1f}",
            f"{usage.peak / 1e6:.0f}",
        )
        click.echo(" | ".join(line), err=True)
        return line


if __name__ == "__main__":
    bench_lake(prog_name=f"{Path(sys.executable).name} -m benchmarks.lake")
