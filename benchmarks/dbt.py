"""Seconds of a full dbt build by model, and the share of it that an incremental build takes.

python -m benchmarks.dbt --orders 1000000 --warehouse postgres
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import duckdb
import yaml

from benchmarks.server import BenchPostgres
from tests.support.database import Database

_PROJECT = Path(__file__).parents[1] / "dbt_project"
_DBT = Path(sys.executable).with_name("dbt")

# One text for both engines. `i` counts from 1.
_TABLES = {
    "contacts": """
        select i as contact_id, 'Customer ' || i as full_name,
            'Customer' || i || '@example.com' as email,
            '8 (916) ' || lpad(cast(i * 7919 % 10000000 as text), 7, '0') as phone,
            '16' || lpad(cast(i * 9973 as text), 17, '0') as metrica_client_id,
            date '1970-01-01' as birth_date,
            timestamptz '2024-01-01' + i * 41 % 60000000 * interval '1 second' as created_at,
            timestamptz '2026-01-01' + i * 43 % 9000000 * interval '1 second' as updated_at
        from numbers where i <= {contacts}""",
    "contact_identifiers": """
        select i * 3 as contact_id, 'phone' as kind,
            '+49 711 ' || lpad(cast(i * 7907 % 10000000 as text), 7, '0') as value,
            timestamptz '2026-01-01' + i % 9000000 * interval '1 second' as updated_at
        from numbers where i * 3 <= {contacts}""",
    "orders": """
        select i as order_id, 1 + i * 7919 % {contacts} as contact_id,
            split_part('new,paid,shipped', ',', cast(i % 3 as integer) + 1) as status,
            timestamptz '2025-01-01' + i * 13 % 50000000 * interval '1 second' as created_at,
            timestamptz '2026-01-01' + i * 17 % 9000000 * interval '1 second' as updated_at,
            case when i % 10 < 7 then timestamptz '2026-01-04' end as finished_at,
            cast(i * 104729 % 10000000 * 0.01 as numeric(12, 2)) as revenue,
            cast(i * 104723 % 6000000 * 0.01 as numeric(12, 2)) as cost,
            case when i % 50 = 0 then 'USD' else 'RUB' end as currency
        from numbers""",
    "order_items": """
        select i as order_id, 'sku-' || 1 + (i * 31 + line * 701) % 2000 as product_id,
            cast(1 + i % 3 as numeric(9, 3)) as quantity,
            timestamptz '2026-01-01' + i * 17 % 9000000 * interval '1 second' as updated_at
        from numbers cross join generate_series(1, 3) as lines (line)
        where i % line = 0""",
    "products": """
        select 'sku-' || i as product_id, 'Товар номер ' || i as name,
            timestamptz '2026-01-01' as updated_at from numbers where i <= 2000""",
}
_CHANGE = """update crm.orders set revenue = revenue + 1, updated_at = now()
    where order_id % 1000 = {rest}"""


class _Crm:
    """A made-up CRM in one warehouse, and dbt's builds of it in a copy of the project."""

    def __init__(self, folder: Path, database: Database | None) -> None:
        self._folder = folder
        self._database = database
        self._file = folder / "warehouse.duckdb"
        self._project = folder / "project"
        shutil.copytree(_PROJECT, self._project, ignore=shutil.ignore_patterns("target", "logs"))
        shutil.copy(_PROJECT.with_name("profiles.example.yml"), folder / "profiles.yml")
        own = database.env if database else {"METRICA_DUCKDB_PATH": str(self._file)}
        self._env = {**os.environ, **own}

    def run(self, statement: str) -> None:
        if self._database is None:
            with duckdb.connect(str(self._file)) as connection:
                connection.execute(statement)
            return
        with self._database.connect() as session, session.cursor() as cursor:
            cursor.execute(statement)

    def fill(self, orders: int) -> None:
        numbers = f"select cast(i as bigint) as i from generate_series(1, {orders}) as counted (i)"
        self.run("create schema crm")
        for table, query in _TABLES.items():
            made = query.format(contacts=max(orders // 5, 1))
            self.run(f"create table crm.{table} as with numbers as ({numbers}) {made}")
        self.settle()

    def make_incremental(self) -> None:
        """Opt in as docs/how-to/build-incrementally.md says."""
        path = self._project / "dbt_project.yml"
        project = yaml.safe_load(path.read_text(encoding="utf-8"))
        project["models"]["metrica_crm"]["marts"]["metrica"] = {
            mart: {"+materialized": "incremental"} for mart in ("contacts", "orders")
        }
        path.write_text(yaml.safe_dump(project), encoding="utf-8")

    def settle(self) -> None:
        """Let the warehouse do at once what it does by itself between two nightly builds."""
        self.run("vacuum (analyze)" if self._database else "checkpoint")

    def build(self, *command: str) -> float:
        """Run dbt and return the seconds that it took, its start included."""
        target = "postgres" if self._database else "duckdb"
        places = ("--profiles-dir", self._folder, "--log-path", self._folder)
        output = ("--target-path", self._folder / "target", "--project-dir", self._project)
        variables = ("--vars", "{default_calling_code: '7'}")
        whole: list[str | Path] = [_DBT, *command, "--target", target, *places, *output, *variables]
        started = time.monotonic()
        done = subprocess.run(whole, env=self._env, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - started
        if done.returncode != 0:
            raise click.ClickException(f"dbt {command[0]} failed:\n{done.stdout}")
        return seconds

    def slowest(self) -> str:
        """Name the nodes of the last build that took longest."""
        text = (self._folder / "target" / "run_results.json").read_text(encoding="utf-8")
        seconds = {n["unique_id"]: n["execution_time"] for n in json.loads(text)["results"]}
        slowest = sorted(seconds, key=lambda node: -seconds[node])[:8]
        return ", ".join(f"{node.split('.')[2]} {seconds[node]:.1f}" for node in slowest)


@contextmanager
def _crm(warehouse: str) -> Iterator[_Crm]:
    with tempfile.TemporaryDirectory() as name:
        if warehouse == "duckdb":
            yield _Crm(Path(name), None)
            return
        with BenchPostgres() as server:
            yield _Crm(Path(name), server.database("bench"))


@click.command()
@click.option("--orders", default=200_000, show_default=True, help="Orders in the CRM.")
@click.option("--warehouse", type=click.Choice(["duckdb", "postgres"]), default="duckdb")
@click.option("--runs", default=3, show_default=True, help="Incremental builds.")
def measure(orders: int, warehouse: str, runs: int) -> None:
    """Build in full, then after a change of one order in a thousand; print seconds and ratio."""
    with _crm(warehouse) as crm:
        crm.fill(orders)
        crm.build("seed")
        full = crm.build("run")
        click.echo(f"full {full:.1f} s: {crm.slowest()}")
        crm.make_incremental()
        seconds = []
        for number in range(runs):
            crm.settle()
            crm.run(_CHANGE.format(rest=number))
            seconds.append(crm.build("run"))
            click.echo(f"incremental {seconds[-1]:.1f} s: {crm.slowest()}")
        share = statistics.median(seconds) / full
        click.echo(f"{warehouse}, {orders:,} orders: incremental {share:.0%} of full")


if __name__ == "__main__":
    measure()
