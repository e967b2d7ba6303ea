"""`make demo-spark`: one CRM, built and exported on one machine and on a cluster of Spark.

The cluster loses an executor during the build. At the end the marts and the sent files are
compared row by row. All files are in build/demo-spark.
"""

import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import click
from metrica_export.demo.crm import create

from tests.spark.cluster import WORKERS
from tests.spark.cluster_build import build_and_kill_an_executor
from tests.spark.comparison import difference
from tests.spark.exporter import Exporter
from tests.spark.fixtures import NO_TESTS, Pair, Pairs
from tests.spark.lake import ROOT, Lake
from tests.support.database import Database
from tests.support.emulator_fixture import RunningEmulator
from tests.support.postgres_binaries import in_wheel, installed
from tests.support.postgres_fixture import RunningPostgres

FOLDER = ROOT / "build/demo-spark"
NAME = "demo"
CONTACTS = 2_000
MARTS = ("contacts", "orders", "products", "order_statuses")


class NotEqualError(RuntimeError):
    """The two results differ, or a command failed."""


@dataclass(frozen=True)
class Sent:
    """The sorted rows of each file, and entity and rows of each upload that Metrica accepted."""

    files: dict[str, list[str]]
    uploads: list[tuple[str, int]]


def main() -> None:
    """Run the demo. Raises NotEqualError if the cluster's result is another one."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with RunningPostgres(installed() or in_wheel()) as server:
        lake = Lake(server.database("catalog"), FOLDER / "lake")
        (FOLDER / "lake").mkdir()
        pair = Pairs(FOLDER, lake).make(NAME, simple_orders=False)
        _title("The demo's CRM, in a DuckDB file and in Iceberg tables")
        pair.fill(partial(create, now=datetime.now(UTC), contacts=CONTACTS))
        _title("One machine: dbt build on DuckDB, metrica-export run")
        started = time.monotonic()
        built = pair.on_duckdb("build", *NO_TESTS)
        if not built.success:
            raise NotEqualError(built.complaints)
        click.echo(f"built in {time.monotonic() - started:.0f} seconds")
        one = _export(pair, server.database("unused"), "duckdb")
        _title(f"A cluster of a master and {WORKERS} workers: dbt build on Spark and Iceberg")
        cluster = build_and_kill_an_executor(pair, FOLDER / "cluster")
        click.echo(
            f"built in {cluster.seconds:.0f} seconds; executors killed: {cluster.lost_executors}; "
            + ", ".join(f"{n} tasks on {worker}" for worker, n in sorted(cluster.tasks.items()))
        )
        _title("metrica-export run: marts from Iceberg, ledger in PostgreSQL")
        many = _export(pair, server.database("ledger"), "spark")
        _title("The two results")
        _compare(pair, one, many)


def _export(pair: Pair, ledger: Database, target: str) -> Sent:
    """Export the marts of a target to an emulator of its own."""
    with RunningEmulator() as emulator:
        exporter = Exporter(pair, target, ledger, emulator, FOLDER / f"export-{target}")
        files = exporter.planned_files()
        result = exporter.run()
    click.echo(result.stderr + result.stdout)
    if result.exit_code:
        raise NotEqualError(f"metrica-export run ended with exit code {result.exit_code}.")
    return Sent(files, [(entity, rows) for entity, rows, _ in exporter.uploads()])


def _compare(pair: Pair, one: Sent, many: Sent) -> None:
    unequal = []
    for mart in MARTS:
        found = difference(
            pair.file, f"metrica.{mart}", pair.lake.read(f"{pair.name}_metrica", mart)
        )
        click.echo(f"{mart}: {found.rows} rows, {'equal' if found.is_none else 'NOT EQUAL'}")
        unequal += [] if found.is_none else [mart]
    for name in sorted({*one.files, *many.files}):
        is_equal = one.files.get(name) == many.files.get(name)
        rows = len(one.files.get(name, []))
        click.echo(f"file {name}: {rows} rows, {'equal' if is_equal else 'NOT EQUAL'}")
        unequal += [] if is_equal else [name]
    if one.uploads != many.uploads:
        unequal.append("the uploads in the ledger")
    if unequal or not one.files:
        raise NotEqualError(f"The results differ: {', '.join(unequal) or 'no file was sent'}.")


def _title(text: str) -> None:
    click.secho(f"\n— {text}", bold=True)


if __name__ == "__main__":
    main()
