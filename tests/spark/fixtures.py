"""Fixtures: a catalog of Iceberg, a session of Spark, and three CRMs built on both engines."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.spark import crms
from tests.spark.lake import ROOT, Lake, Outcome, crm_tables, run_dbt
from tests.support.postgres_binaries import in_wheel, installed
from tests.support.postgres_fixture import RunningPostgres

PROJECT = ROOT / "dbt_project"
NO_TESTS = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
EVERYTHING: dict[str, Any] = {
    "crm_has_order_status_history": True,
    "simple_orders": True,
    "identifiers": {"emails": "both", "phones": "both"},
}
# Of each type, over columns of hostile values.
HOSTILE_ATTRIBUTES: dict[str, list[dict[str, Any]]] = {
    "contacts": [
        {"name": "nick", "column": "full_name", "type": "text"},
        {"name": "mail", "column": "email", "type": "email"},
        {"name": "born", "column": "birth_date", "type": "date"},
        {"name": "seen", "column": "updated_at", "type": "datetime"},
    ],
    "orders": [
        {"name": "whole", "column": "revenue", "type": "numeric", "scale": 0},
        {"name": "exact", "column": "revenue", "type": "numeric", "scale": 9},
        {"name": "spent", "column": "cost", "type": "numeric", "scale": 7},
        {"name": "coin", "column": "currency", "type": "text"},
    ],
}


@dataclass(frozen=True)
class Pair:
    """One CRM in a DuckDB file and in Iceberg tables, and the dbt projects over it."""

    name: str
    lake: Lake
    home: Path
    variables: dict[str, Any]

    @property
    def file(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def project(self) -> Path:
        return self.home / "project"

    def fill(self, fill: Callable[[duckdb.DuckDBPyConnection], object]) -> None:
        """Change the CRM in DuckDB and copy all its tables to Iceberg."""
        with duckdb.connect(str(self.file)) as connection:
            fill(connection)
            self.lake.load(f"{self.name}_crm", crm_tables(connection))

    def copy(self, schema: str) -> None:
        """Copy the tables of a schema of DuckDB to the CRM's schema in Iceberg."""
        with duckdb.connect(str(self.file), read_only=True) as connection:
            self.lake.load(f"{self.name}_crm", crm_tables(connection, schema))

    def on_duckdb(self, *args: str, **variables: Any) -> Outcome:
        env = {"METRICA_DUCKDB_PATH": str(self.file)}
        return run_dbt(
            self.home, self.project, "duckdb", env, *args, **{**self.variables, **variables}
        )

    def on_spark(self, *args: str, **variables: Any) -> Outcome:
        return self.lake.dbt(self.name, self.project, *args, **{**self.variables, **variables})

    def build(self, *args: str, **variables: Any) -> None:
        """Build everything without tests on both engines."""
        for build in (self.on_duckdb, self.on_spark):
            outcome = build("build", *NO_TESTS, *args, **variables)
            assert outcome.success, outcome.complaints


class Pairs:
    """Makes pairs; each has a copy of the project, a DuckDB file and schemas of its own."""

    def __init__(self, folder: Path, lake: Lake) -> None:
        self._folder = folder
        self._lake = lake
        self._empty: Pair | None = None

    def make(self, name: str, **variables: Any) -> Pair:
        home = self._folder / name
        ignored = shutil.ignore_patterns("target", "logs")
        shutil.copytree(PROJECT, home / "project", ignore=ignored)
        shutil.copy(ROOT / "profiles.example.yml", home / "profiles.yml")
        return Pair(name, self._lake, home, {**EVERYTHING, **variables})

    def empty(self) -> Pair:
        """Return a pair without tables, the same for all tests that ask."""
        if self._empty is None:
            self._empty = self.make("empty")
        return self._empty


@pytest.fixture(scope="session")
def server() -> Iterator[RunningPostgres]:
    """Return a PostgreSQL that runs as long as the tests."""
    with RunningPostgres(installed() or in_wheel()) as server:
        yield server


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory, server: RunningPostgres) -> Iterator[Lake]:
    """Return a catalog in this PostgreSQL."""
    lake = Lake(server.database("catalog"), tmp_path_factory.mktemp("lake"))
    yield lake
    lake.stop()


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory, lake: Lake) -> Pairs:
    return Pairs(tmp_path_factory.mktemp("pairs"), lake)


@pytest.fixture(scope="session")
def demo(pairs: Pairs) -> Pair:
    """Return the demo's CRM, built on both engines."""
    return _built(pairs.make("demo"), crms.fill_demo)


@pytest.fixture(scope="session")
def histories(pairs: Pairs) -> Pair:
    """Return the last states of the random histories, built on both engines."""
    return _built(pairs.make("histories", count_attributes=True), crms.fill_histories)


@pytest.fixture(scope="session")
def hostile(pairs: Pairs) -> Pair:
    """Return the CRM of hostile texts and times, built on both engines."""
    zones = {"crm_time_zone": "Europe/Berlin", "counter_time_zone": "America/New_York"}
    made = pairs.make("hostile", metrica_attributes=HOSTILE_ATTRIBUTES, **zones)
    return _built(made, crms.fill_hostile)


@pytest.fixture(params=["demo", "histories", "hostile"])
def pair(request: pytest.FixtureRequest) -> Pair:
    built: Pair = request.getfixturevalue(request.param)
    return built


def _built(pair: Pair, fill: Callable[[duckdb.DuckDBPyConnection], object]) -> Pair:
    pair.fill(fill)
    pair.build()
    return pair
