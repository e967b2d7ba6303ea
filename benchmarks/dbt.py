"""What an incremental build of the marts costs, as a share of a full one.

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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
import duckdb

from benchmarks.server import BenchPostgres
from tests.database import Database

_ROOT = Path(__file__).parents[1]
_DBT = Path(sys.executable).with_name("dbt")
_STATUSES = "new,in_work,paid,shipped,cancelled"
_CHANGED = 1000  # one order in so many

# One text for both engines. `i` counts from 1.
_TABLES = {
    "contacts": """
        select i as contact_id, 'Customer ' || i as full_name,
            case when i % 20 > 2 then 'Customer' || i || '@example.com' end as email,
            case when i % 10 > 0 then '8 (9' || i % 90 + 10 || ') '
                || lpad(cast(i * 7919 % 10000000 as text), 7, '0') end as phone,
            case when i % 10 > 2 then '16' || lpad(cast(i * 9973 % 1000000000 as text), 17, '0') end
                as metrica_client_id,
            case when i % 10 < 6 then cast(timestamp '1970-01-01 00:00:00'
                + i * 37 % 13000 * interval '1 day' as date) end as birth_date,
            timestamptz '2024-01-01 00:00:00+00' + i * 41 % 60000000 * interval '1 second'
                as created_at,
            timestamptz '2026-01-01 00:00:00+00' + i * 43 % 9000000 * interval '1 second'
                as updated_at
        from numbers where i <= {contacts}""",
    "contact_identifiers": """
        select i * 3 as contact_id, 'phone' as kind,
            '+49 711 ' || lpad(cast(i * 7907 % 10000000 as text), 7, '0') as value,
            timestamptz '2026-01-01 00:00:00+00' + i % 9000000 * interval '1 second' as updated_at
        from numbers where i * 3 <= {contacts}""",
    "orders": """
        select i as order_id, 1 + i * 7919 % {contacts} as contact_id,
            split_part('{statuses}', ',', cast(i % 5 as integer) + 1) as status,
            timestamptz '2025-01-01 00:00:00+00' + i * 13 % 50000000 * interval '1 second'
                as created_at,
            timestamptz '2026-01-01 00:00:00+00' + i * 17 % 9000000 * interval '1 second'
                as updated_at,
            case when i % 10 < 7 then timestamptz '2026-01-04 00:00:00+00'
                + i * 13 % 9000000 * interval '1 second' end as finished_at,
            cast(cast(i * 104729 % 10000000 as numeric(12, 2)) * 0.01 as numeric(12, 2)) as revenue,
            case when i % 10 < 6 then cast(cast(i * 104723 % 6000000 as numeric(12, 2)) * 0.01
                as numeric(12, 2)) end as cost,
            case when i % 50 = 0 then 'USD' else 'RUB' end as currency
        from numbers""",
    "order_items": """
        select i as order_id, 'sku-' || 1 + (i * 31 + line * 701) % 2000 as product_id,
            cast(1 + i % 3 as numeric(9, 3)) as quantity,
            timestamptz '2026-01-01 00:00:00+00' + i * 17 % 9000000 * interval '1 second'
                as updated_at
        from numbers cross join generate_series(1, 3) as lines (line)
        where line = 1 or i % line = 0 and i % 5 > 0""",
    "order_status_history": """
        select i as order_id, split_part('{statuses}', ',', cast(line as integer)) as status,
            timestamptz '2025-12-01 00:00:00+00' + (i * 17 % 9000000 + line) * interval '1 second'
                as changed_at
        from numbers cross join generate_series(1, 4) as lines (line)
        where line <= i % 5 + 1""",
    "products": """
        select 'sku-' || i as product_id, 'Товар номер ' || i as name,
            timestamptz '2026-01-01 00:00:00+00' as updated_at
        from numbers where i <= 2000""",
}
_CHANGES = """
update crm.orders set revenue = coalesce(revenue, 0) + 1, updated_at = now()
where order_id % {every} = {rest}
"""


class _Crm:
    """A made-up CRM in one warehouse, and dbt's builds of it."""

    def __init__(self, folder: Path, database: Database | None) -> None:
        self._database = database
        self._file = folder / "warehouse.duckdb"
        self._folder = folder
        shutil.copy(_ROOT / "profiles.example.yml", folder / "profiles.yml")
        own = {"METRICA_DUCKDB_PATH": str(self._file)} if database is None else database.env
        self._env: Mapping[str, str] = {**os.environ, **own}

    def run(self, *statements: str) -> None:
        if self._database is None:
            with duckdb.connect(str(self._file)) as connection:
                for statement in statements:
                    connection.execute(statement)
            return
        with self._database.connect() as session, session.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def fill(self, orders: int) -> None:
        values = {"contacts": max(orders // 5, 1), "statuses": _STATUSES}
        numbers = f"select cast(i as bigint) as i from generate_series(1, {orders}) as counted (i)"
        self.run("create schema crm")
        for table, query in _TABLES.items():
            made = f"with numbers as ({numbers}) {query.format(**values)}"
            self.run(f"create table crm.{table} as {made}")
        self.settle()

    def settle(self) -> None:
        """Let the warehouse do at once what it does by itself between two nightly builds."""
        self.run("checkpoint" if self._database is None else "vacuum (analyze)")

    def build(self, command: str, *flags: str) -> float:
        target = "duckdb" if self._database is None else "postgres"
        options = ("--target", target, "--profiles-dir", str(self._folder))
        places = ("--target-path", str(self._folder / "target"), "--log-path", str(self._folder))
        started = time.monotonic()
        done = subprocess.run(
            [_DBT, command, *flags, *options, *places, "--project-dir", _ROOT / "dbt_project"],
            env=self._env,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - started
        if done.returncode != 0:
            raise click.ClickException(f"dbt {command} failed:\n{done.stdout}")
        return seconds

    def slowest(self) -> str:
        """Return the nodes of the last build that took longest."""
        results = json.loads((self._folder / "target/run_results.json").read_text("utf-8"))
        nodes = sorted(results["results"], key=lambda node: -node["execution_time"])
        return ", ".join(
            f"{node['unique_id'].split('.')[2]} {node['execution_time']:.1f}" for node in nodes[:8]
        )


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
@click.option("--command", type=click.Choice(["run", "build"]), default="run", show_default=True)
@click.option("--vars", "variables", default="{}", help="The project's variables, as for dbt.")
def measure(orders: int, warehouse: str, runs: int, command: str, variables: str) -> None:
    """Build in full, change one order in a thousand, build again; print seconds and ratio."""
    own = ("--exclude-resource-type", "unit_test") if command == "build" else ()
    flags = (*own, "--vars", variables)
    with _crm(warehouse) as crm:
        crm.fill(orders)
        crm.build("seed")
        full = crm.build(command, "--full-refresh", *flags)
        click.echo(f"full {full:.1f} s: {crm.slowest()}")
        seconds = []
        for number in range(runs):
            crm.settle()
            crm.run(_CHANGES.format(every=_CHANGED, rest=number * 7))
            seconds.append(crm.build(command, *flags))
            click.echo(f"incremental {seconds[-1]:.1f} s: {crm.slowest()}")
        share = statistics.median(seconds) / full
        click.echo(f"{warehouse}, {orders:,} orders: incremental {share:.0%} of full")


if __name__ == "__main__":
    measure()
