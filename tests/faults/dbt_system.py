"""Worlds whose marts dbt builds from CRM tables."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

from tests.dbt import crm as tables
from tests.dbt.warehouse import Warehouse
from tests.faults.crm import DBT_VARIABLES, Crm, changes_of
from tests.faults.crm_comparison import differences
from tests.faults.history import Source
from tests.faults.places import Place
from tests.faults.world import World
from tests.support.database import Database
from tests.support.marts_fixture import MartsWarehouse

_ROOT = Path(__file__).parents[2]
_FIRST_ROWS = (
    "insert into crm.products values ('p1', 'Груша', '2026-11-01 00:00:00+00')",
    """insert into crm.contacts values ('c1', 'Первый', 'first@secret.example', '+7 999 000-00-00',
        null, null, '2026-10-20 10:00:00+00', '2026-11-01 00:00:00+00')""",
    """insert into crm.orders values (1, 'c1', 'new', '2026-10-25 10:00:00+00',
        '2026-11-01 00:00:00+00', null, 10, null, null)""",
)


class DbtProject:
    """A copy of the dbt project, and a warehouse of each kind that it was built in once."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._home = place.folder / "dbt"
        self._profiles = self._home / "profiles"
        self._profiles.mkdir(parents=True)
        shutil.copy(_ROOT / "profiles.example.yml", self._profiles / "profiles.yml")
        self._bases: dict[str, str] = {}

    @contextmanager
    def world(self, kind: str, rng: Random) -> Iterator[tuple[World, Source]]:
        """Make a world whose marts dbt has built from a small CRM."""
        base = self._bases.get(kind) or self._build(kind)
        with self._place.home(kind, base) as (folder, database):
            marts = MartsWarehouse(folder, database)
            warehouse = self._warehouse(kind, _env(folder, database))
            crm = Crm(warehouse, marts, rng)
            flags = ["--project-dir", str(warehouse.project)]
            flags += ["--profiles-dir", str(self._profiles), "--target", kind]
            environment = warehouse.env | {"DBT_TARGET_PATH": str(warehouse.output / "target")}
            yield (
                World(marts, self._place.emulator, flags, environment, crm.secrets),
                Source(
                    "dbt",
                    crm.add_rows,
                    changes_of(crm),
                    crm.add_late_order,
                    crm.rename_contacts,
                    crm.build_marts,
                    partial(differences, crm),
                ),
            )

    def _build(self, kind: str) -> str:
        """Build the marts once; returns the file or the database to copy for each history."""
        home = self._home / kind
        shutil.copytree(
            _ROOT / "dbt_project",
            home / "project",
            ignore=shutil.ignore_patterns("target", "logs"),
        )
        if kind == "postgres":
            base = f"{self._place.name}_dbt"
            warehouse = self._warehouse(kind, self._place.server.create(base).env)
        else:
            base = str(home / "warehouse.duckdb")
            warehouse = self._warehouse(kind, {"METRICA_DUCKDB_PATH": base})
        warehouse.run(*tables.TABLES, tables.HISTORY[0], *_FIRST_ROWS)
        warehouse.build(**DBT_VARIABLES)
        self._bases[kind] = base
        return base

    def _warehouse(self, kind: str, env: dict[str, str]) -> Warehouse:
        home = self._home / kind
        return Warehouse(kind, env, home / "project", self._profiles, home)


def _env(folder: Path, database: Database | None) -> dict[str, str]:
    if database is None:
        return {"METRICA_DUCKDB_PATH": str(folder / "warehouse.duckdb")}
    return database.env
