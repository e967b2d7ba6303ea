"""What every test can ask for: a clean environment and a real PostgreSQL."""

import os
from collections.abc import Iterator
from itertools import count

import pytest

from tests.database import Database
from tests.postgres_binaries import in_wheel, installed
from tests.postgres_fixture import RunningPostgres

_FOREIGN = ("METRICA_", "DBT_", "PG")
_numbers = count(1)


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
