"""What every test can ask for: a clean environment and a real PostgreSQL."""

import gc
import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from tests.support.database import Database
from tests.support.emulator_fixture import RunningEmulator
from tests.support.job import Job
from tests.support.marts_fixture import MartsWarehouse, make_marts
from tests.support.postgres_binaries import in_wheel, installed
from tests.support.postgres_fixture import RunningPostgres

_FOREIGN = ("METRICA_", "DBT_", "PG")
_LIGHT: dict[str, Any] = {"threads": 1, "allow_unsigned_extensions": "true"}
_GARBAGE_THRESHOLDS = (100_000, 20, 50)
_numbers = count(1)


@pytest.fixture(scope="session", autouse=True)
def light_duckdb() -> Iterator[None]:
    """Open every DuckDB of this process with one thread and without a check of signatures.

    A test's tables have few rows, and each session would hash the 17 MB of the PostgreSQL
    extension again: together 40 % of a run. Commands in a process of their own open DuckDB
    as users do.
    """
    connect = duckdb.connect

    def light(
        database: str | Path = ":memory:",
        read_only: bool = False,  # noqa: FBT001, FBT002 - DuckDB's own signature
        config: dict[str, Any] | None = None,
    ) -> duckdb.DuckDBPyConnection:
        return connect(database, read_only, _LIGHT | (config or {}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "connect", light)
        yield


@pytest.fixture(scope="session", autouse=True)
def rare_garbage_collection() -> Iterator[None]:
    """Look for reference cycles less often: dbt spends half of a parse in looking for them."""
    before = gc.get_threshold()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    yield
    gc.set_threshold(*before)


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """Keep the developer's own settings and proxies out of every test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(_FOREIGN) or name.lower().endswith("_proxy"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[RunningPostgres]:
    """Return a PostgreSQL server for the whole session; start-up takes about a second."""
    with RunningPostgres(installed() or in_wheel()) as server:
        yield server


@pytest.fixture
def pg_database(postgres: RunningPostgres) -> Iterator[Database]:
    """Return an empty database for one test; the server runs again after the test."""
    postgres.start()
    database = postgres.database(f"test_{next(_numbers)}")
    yield database
    postgres.start()
    postgres.drop(database)


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[RunningEmulator]:
    """Return a Metrica for the whole session; `job` empties it."""
    with RunningEmulator() as started:
        yield started


@pytest.fixture
def empty_marts() -> Callable[[Path, Database | None], MartsWarehouse]:
    """Return what makes the marts of `job`."""
    return make_marts


@pytest.fixture(params=["duckdb", "postgres"])
def job(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    running_emulator: RunningEmulator,
    monkeypatch: pytest.MonkeyPatch,
    empty_marts: Callable[[Path, Database | None], MartsWarehouse],
) -> Job:
    """Return an export from empty marts, in each kind of warehouse, to an empty Metrica.

    Its requests follow each other at once; tests/unit/test_http.py has the pace.
    """
    monkeypatch.setattr("metrica_export.metrica.http._GAP", 0.0)
    database = request.getfixturevalue("pg_database") if request.param == "postgres" else None
    running_emulator.reset()
    running_emulator.quotas(requests_per_second=1000)
    return Job(empty_marts(tmp_path, database), running_emulator)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the waits between attempts, which are noted and not slept."""
    noted: list[float] = []
    # What stamina sleeps with.
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=noted.append))
    return noted
