"""The works of dbt: a full build, its data tests, and an incremental build after few changes."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import duckdb
import yaml

from benchmarks import floor, mart
from benchmarks.meter import measure
from benchmarks.server import BenchPostgres
from benchmarks.works import Figure

_PROJECT = Path(__file__).parents[1] / "dbt_project"
_PAGE = _PROJECT.with_name("docs") / "how-to" / "build-incrementally.md"
DBT = Path(sys.executable).with_name("dbt")
EXPORT = Path(sys.executable).with_name("metrica-export")

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
READ_FLOOR = "floor: read dbt's marts"
FULL = "dbt run, full"
NODES = ", without dbt's start"
DATA_TESTS = "dbt test, data tests"
INCREMENTAL = "dbt run, incremental, 0.1 % changed"

_CHANGE = """update crm.orders set revenue = revenue + 1, updated_at = now()
    where order_id % 1000 = {rest}"""


def tables(orders: int) -> Iterator[tuple[str, str]]:
    """Yield the tables of a CRM with so many orders, each with the query of its rows."""
    numbers = f"select cast(i as bigint) as i from generate_series(1, {orders}) as counted (i)"
    for name, query in _TABLES.items():
        made = query.format(contacts=mart.contacts_of(orders))
        yield name, f"with numbers as ({numbers}) {made}"


class Crm:
    """A made-up CRM in one warehouse, and dbt's builds of it in a copy of the project."""

    def __init__(self, folder: Path, server: BenchPostgres | None) -> None:
        self._folder = folder
        self._server = server
        self._database = server.database("bench") if server else None
        self._file = folder / "warehouse.duckdb"
        self._project = folder / "project"
        shutil.copytree(_PROJECT, self._project, ignore=shutil.ignore_patterns("target", "logs"))
        shutil.copy(_PROJECT.with_name("profiles.example.yml"), folder / "profiles.yml")
        own = self._database.env if self._database else {"METRICA_DUCKDB_PATH": str(self._file)}
        self._env = {**os.environ, **own}

    def run(self, statement: str) -> None:
        """Run SQL in the warehouse."""
        if self._database is None:
            with duckdb.connect(str(self._file)) as connection:
                connection.execute(statement)
            return
        with self._database.connect() as session, session.cursor() as cursor:
            cursor.execute(statement)

    def fill(self, orders: int) -> None:
        """Make the tables of a CRM with so many orders."""
        self.run("create schema crm")
        for name, query in tables(orders):
            self.run(f"create table crm.{name} as {query}")
        self.settle()

    def make_incremental(self) -> None:
        """Opt in as docs/how-to/build-incrementally.md says."""
        path = self._project / "dbt_project.yml"
        project = yaml.safe_load(path.read_text(encoding="utf-8"))
        page = _PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
        models = project["models"]["metrica_crm"]
        described = yaml.safe_load(page)["models"]["metrica_crm"]
        models["marts"]["metrica"] = described["marts"]["metrica"]
        models["intermediate"] |= described["intermediate"]
        path.write_text(yaml.safe_dump(project), encoding="utf-8")

    def settle(self) -> None:
        """Let the warehouse do at once what it does by itself between two nightly builds."""
        self.run("vacuum (analyze)" if self._database else "checkpoint")

    def build(self, *command: str) -> Figure:
        """Run dbt; its start counts, too."""
        target = "postgres" if self._database else "duckdb"
        places = ("--profiles-dir", self._folder, "--log-path", self._folder)
        output = ("--target-path", self._folder / "target", "--project-dir", self._project)
        variables = ("--vars", "{default_calling_code: '7'}")
        return self._take([DBT, *command, "--target", target, *places, *output, *variables])

    def take(self, name: str, *command: str) -> Iterator[tuple[str, Figure]]:
        """Measure a command of dbt as a whole, and its nodes without dbt's start."""
        figure = self.build(*command)
        yield name, figure
        yield name + NODES, replace(figure, usage=replace(figure.usage, wall=self._node_seconds()))
        click.echo(f"slowest: {self._slowest()}", err=True)

    def read(self) -> Figure:
        """Copy both marts with the warehouse's own COPY."""
        return self._take(floor.copy_command(self._server, self._file, self._folder))

    def export(self, sink: str) -> Figure:
        """Export the built marts for the first time, to this address."""
        target = "postgres" if self._database else "duckdb"
        places = ("--project-dir", self._project, "--profiles-dir", self._folder)
        self._env |= export_env(sink, self._folder / "target")
        return self._take([EXPORT, "run", "--target", target, *places])

    def _node_seconds(self) -> float:
        """Return the time from the start of the last build's first node to the end of its last."""
        times = [
            datetime.fromisoformat(step[end])
            for node in self._results()
            for step in node["timing"]
            for end in ("started_at", "completed_at")
        ]
        return (max(times) - min(times)).total_seconds()

    def _results(self) -> list[dict[str, Any]]:
        text = (self._folder / "target" / "run_results.json").read_text(encoding="utf-8")
        return list(json.loads(text)["results"])

    def _slowest(self) -> str:
        """Name the nodes of the last build that took longest."""
        seconds = {node["unique_id"]: node["execution_time"] for node in self._results()}
        slowest = sorted(seconds, key=lambda node: -seconds[node])[:8]
        return ", ".join(f"{node.split('.')[2]} {seconds[node]:.1f}" for node in slowest)

    def _take(self, command: list[str | Path]) -> Figure:
        before = self._server.cpu_seconds() if self._server else 0.0
        usage = measure(command, self._env)
        after = self._server.cpu_seconds() if self._server else 0.0
        return Figure(usage, after - before, 0)


def export_env(sink: str, target_path: Path) -> dict[str, str]:
    """Return the settings of an export of what dbt has built, to a sink that takes everything."""
    return {
        "METRICA_CONFIG": os.devnull,
        "METRICA_TOKEN": "made-up",
        "METRICA_COUNTER_ID": "1",
        "METRICA_API_URL": sink,
        "DBT_TARGET_PATH": str(target_path),
    }


@contextmanager
def made_crm(warehouse: str) -> Iterator[Crm]:
    """Make an empty CRM in a warehouse that is gone at the end."""
    with tempfile.TemporaryDirectory() as name:
        if warehouse == "duckdb":
            yield Crm(Path(name), None)
            return
        with BenchPostgres() as server:
            yield Crm(Path(name), server)


def work_round(warehouse: str, orders: int) -> Iterator[tuple[str, Figure]]:
    """Do every work once, on a CRM that is new in every round."""
    with made_crm(warehouse) as crm:
        crm.fill(orders)
        crm.build("seed")
        yield from crm.take(FULL, "run")
        yield from crm.take(DATA_TESTS, "test", "--exclude-resource-type", "unit_test")
        crm.settle()
        yield READ_FLOOR, crm.read()
        crm.make_incremental()
        crm.build("run")
        crm.settle()
        crm.run(_CHANGE.format(rest=7))
        yield from crm.take(INCREMENTAL, "run")


def rows(orders: int) -> int:
    """Return the rows of both marts that dbt builds from a CRM with so many orders."""
    return orders + mart.contacts_of(orders)
