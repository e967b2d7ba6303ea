"""Warehouses of both engines, and a copy of the dbt project that tests may change."""

import json
import shutil
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.dbt import crm, phone_spellings
from tests.dbt.warehouse import EVERYTHING, Warehouse
from tests.support.postgres_fixture import RunningPostgres

ROOT = Path(__file__).parents[2]
ENGINES = ("duckdb", "postgres")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests that share a warehouse to one worker, so that no worker builds it again."""
    for item in items:
        if item.path.parent == Path(__file__).parent and isinstance(item, pytest.Function):
            shared = {"built_on", "manifest"} & set(item.fixturenames)
            group = min(shared, default=item.path.stem)
            item.add_marker(pytest.mark.xdist_group(f"dbt {group}"))


class Warehouses:
    """Makes warehouses; each has a copy of the project and an empty CRM."""

    def __init__(self, folder: Path, postgres: RunningPostgres) -> None:
        self._folder = folder
        self._postgres = postgres
        self._numbers = count(1)
        self._profiles = folder / "profiles"
        self._profiles.mkdir()
        shutil.copy(ROOT / "profiles.example.yml", self._profiles / "profiles.yml")

    def make(self, engine: str) -> Warehouse:
        # All names have one length: tests.dbt.parsed_project puts one in place of another.
        name = f"dbt_{next(self._numbers):04}"
        home = self._folder / name
        project = home / "project"
        shutil.copytree(
            ROOT / "dbt_project", project, ignore=shutil.ignore_patterns("target", "logs")
        )
        if engine == "duckdb":
            env = {"METRICA_DUCKDB_PATH": str(home / "warehouse.duckdb")}
        else:
            env = self._postgres.database(name).env
        warehouse = Warehouse(engine, env, project, self._profiles, home)
        warehouse.run(*crm.TABLES)
        return warehouse


@pytest.fixture(scope="session")
def warehouses(tmp_path_factory: pytest.TempPathFactory, postgres: RunningPostgres) -> Warehouses:
    return Warehouses(tmp_path_factory.mktemp("dbt"), postgres)


@pytest.fixture(params=ENGINES)
def warehouse(request: pytest.FixtureRequest, warehouses: Warehouses) -> Warehouse:
    """Return a warehouse of its own for one test, once on each engine."""
    return warehouses.make(request.param)


@pytest.fixture(scope="session")
def built_on(warehouses: Warehouses) -> dict[str, Warehouse]:
    """Return both engines' warehouses with the same CRM, built once for all who only read."""
    both = {engine: warehouses.make(engine) for engine in ENGINES}
    for warehouse in both.values():
        warehouse.run(*crm.SAMPLE, *crm.contacts_with_phones(phone_spellings.all_cells()))
        warehouse.build()
    return both


@pytest.fixture(params=ENGINES)
def built(request: pytest.FixtureRequest, built_on: dict[str, Warehouse]) -> Warehouse:
    return built_on[request.param]


@pytest.fixture(scope="session")
def manifest(warehouses: Warehouses) -> dict[str, Any]:
    """Return dbt's manifest of the project with every model switched on."""
    warehouse = warehouses.make("duckdb")
    assert warehouse.dbt("parse", **EVERYTHING).success
    text = (warehouse.output / "target/manifest.json").read_text("utf-8")
    return dict(json.loads(text))
