"""Systems under test whose marts dbt builds from CRM tables."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

from tests.dbt import crm as crm_tables
from tests.dbt.warehouse import Warehouse
from tests.faults.crm import DBT_VARIABLES, Crm, changes_of
from tests.faults.crm_comparison import differences
from tests.faults.history import MartSource
from tests.faults.system import SystemUnderTest
from tests.faults.workspace import Workspace
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
    """A copy of the dbt project. It builds a template warehouse once for each kind."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folder = workspace.folder / "dbt"
        self._profiles = self._folder / "profiles"
        self._profiles.mkdir(parents=True)
        shutil.copy(_ROOT / "profiles.example.yml", self._profiles / "profiles.yml")
        self._templates: dict[str, str] = {}

    @contextmanager
    def system(
        self, warehouse_kind: str, rng: Random
    ) -> Iterator[tuple[SystemUnderTest, MartSource]]:
        """Yield a system under test whose marts dbt has built from a small CRM."""
        template = self._templates.get(warehouse_kind) or self._build_template(warehouse_kind)
        with self._workspace.new_warehouse(warehouse_kind, template) as (folder, database):
            marts = MartsWarehouse(folder, database)
            dbt = self._dbt(warehouse_kind, _environment(folder, database))
            crm = Crm(dbt, marts, rng)
            flags = ["--project-dir", str(dbt.project)]
            flags += ["--profiles-dir", str(self._profiles), "--target", warehouse_kind]
            environment = dbt.env | {"DBT_TARGET_PATH": str(dbt.output / "target")}
            yield (
                SystemUnderTest(marts, self._workspace.emulator, flags, environment, crm.secrets),
                MartSource(
                    "dbt marts",
                    crm.add_rows,
                    changes_of(crm),
                    crm.add_late_order,
                    crm.rename_contacts,
                    crm.build_marts,
                    partial(differences, crm),
                ),
            )

    def _build_template(self, warehouse_kind: str) -> str:
        """Build the marts once; return the DuckDB file or the database that histories copy."""
        folder = self._folder / warehouse_kind
        shutil.copytree(
            _ROOT / "dbt_project",
            folder / "project",
            ignore=shutil.ignore_patterns("target", "logs"),
        )
        if warehouse_kind == "postgres":
            template = f"{self._workspace.name}_dbt"
            dbt = self._dbt(warehouse_kind, self._workspace.server.create(template).env)
        else:
            template = str(folder / "warehouse.duckdb")
            dbt = self._dbt(warehouse_kind, {"METRICA_DUCKDB_PATH": template})
        dbt.run(*crm_tables.TABLES, crm_tables.HISTORY[0], *_FIRST_ROWS)
        dbt.build(**DBT_VARIABLES)
        self._templates[warehouse_kind] = template
        return template

    def _dbt(self, warehouse_kind: str, environment: dict[str, str]) -> Warehouse:
        folder = self._folder / warehouse_kind
        return Warehouse(warehouse_kind, environment, folder / "project", self._profiles, folder)


def _environment(folder: Path, database: Database | None) -> dict[str, str]:
    if database is None:
        return {"METRICA_DUCKDB_PATH": str(folder / "warehouse.duckdb")}
    return database.env
