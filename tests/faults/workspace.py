"""A workspace makes systems under test in one folder, with one emulator and one PostgreSQL."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Self

from metrica_export.commands.run import PARTS, Parts

from tests.faults import external_events, mart_changes
from tests.faults.generated_marts import GeneratedMarts
from tests.faults.history import MartSource
from tests.faults.system import SystemUnderTest
from tests.support.database import Database
from tests.support.emulator_fixture import RunningEmulator
from tests.support.lake_marts import ICEBERG, LakeMarts, make_lake
from tests.support.marts_fixture import MartsWarehouse, make_marts
from tests.support.postgres_fixture import RunningPostgres


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running PostgreSQL. `admin` creates databases that belong to `owner`."""

    admin: Database
    owner: Database

    @classmethod
    def of(cls, running: RunningPostgres) -> Self:
        """Return the server of the test fixture. Its superuser has the owner's password."""
        address = (running.host, running.port)
        return cls(
            Database(*address, "postgres", running.password, "postgres"),
            Database(*address, running.user, running.password, "postgres"),
        )

    def create(self, name: str, template: str = "template1") -> Database:
        """Create a database; drop the existing one first."""
        self.drop(name)
        self._run(f'create database "{name}" owner "{self.owner.user}" template "{template}"')
        owner = self.owner
        return Database(owner.host, owner.port, owner.user, owner.password, name)

    def drop(self, name: str) -> None:
        """Drop a database and its open connections."""
        self._run(f'drop database if exists "{name}" with (force)')

    def _run(self, statement: str) -> None:
        with self.admin.connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement)


class Workspace:
    """Makes systems under test, one at a time. `name` is the prefix of its databases."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        self._resources = ExitStack()
        folder = self._resources.enter_context(tempfile.TemporaryDirectory(prefix="faults-"))
        self.folder = Path(folder)
        self.emulator = self._resources.enter_context(RunningEmulator())
        self.server, self.name = server, name
        self._warehouses_made = 0

    def close(self) -> None:
        """Stop the emulator and remove the folder."""
        self._resources.close()

    @contextmanager
    def generated_system(
        self, warehouse_kind: str, rng: Random, parts: Parts = PARTS
    ) -> Iterator[tuple[SystemUnderTest, GeneratedMarts]]:
        """Yield a system with empty generated marts on `duckdb`, `postgres` or `iceberg`.

        Its runs consist of `parts`.
        """
        with self.new_warehouse(warehouse_kind) as (folder, database):
            make = make_lake if warehouse_kind == ICEBERG else make_marts
            warehouse = make(folder, database)
            marts = GeneratedMarts(warehouse, rng)
            secrets = marts.generator.secrets
            yield (
                SystemUnderTest(warehouse, self.emulator, warehouse.flags, {}, secrets, parts),
                marts,
            )

    @contextmanager
    def snapshot(self, system: SystemUnderTest) -> Iterator["Snapshot"]:
        """Yield a snapshot of the warehouse and of Metrica."""
        with self._copy_of_database(system.warehouse.database) as copy:
            yield Snapshot(self.server, system.warehouse, self.emulator, copy)

    @contextmanager
    def _copy_of_database(self, database: Database | None) -> Iterator[str | None]:
        if database is None:
            yield None
            return
        copy = f"{database.name}_saved"
        self.server.create(copy, template=database.name)
        try:
            yield copy
        finally:
            self.server.drop(copy)

    @contextmanager
    def new_warehouse(
        self, warehouse_kind: str, template: str | None = None
    ) -> Iterator[tuple[Path, Database | None]]:
        """Empty Metrica; yield a new folder, and a new database unless for `duckdb`.

        The warehouse is a copy of `template`, a DuckDB file or a database, or empty.
        """
        self._warehouses_made += 1
        folder = self.folder / str(self._warehouses_made)
        folder.mkdir()
        external_events.reset_metrica(self.emulator)
        name = f"{self.name}_history"
        try:
            if warehouse_kind != "duckdb":
                yield folder, self.server.create(name, template or "template1")
                return
            if template:
                shutil.copy(template, folder / "warehouse.duckdb")
            yield folder, None
        finally:
            if warehouse_kind != "duckdb":
                self.server.drop(name)
            shutil.rmtree(folder)


class Snapshot:
    """A copy of the warehouse and of Metrica, which `restore` brings back any number of times."""

    def __init__(
        self,
        server: PostgresServer,
        warehouse: MartsWarehouse,
        emulator: RunningEmulator,
        database_copy: str | None,
    ) -> None:
        self._server, self._warehouse, self._emulator = server, warehouse, emulator
        self._database_copy = database_copy
        folder = warehouse.folder
        self._metrica_copy = folder / "saved.sqlite"
        self._duckdb, self._duckdb_copy = folder / "warehouse.duckdb", folder / "saved.duckdb"
        if self._duckdb.exists():
            shutil.copy(self._duckdb, self._duckdb_copy)
        with (
            closing(sqlite3.connect(emulator.state)) as metrica,
            closing(sqlite3.connect(self._metrica_copy)) as copy,
        ):
            metrica.backup(copy)

    def restore(self) -> None:
        """Restore the warehouse and Metrica."""
        if self._duckdb_copy.exists():
            self._duckdb.with_suffix(".duckdb.wal").unlink(missing_ok=True)
            shutil.copy(self._duckdb_copy, self._duckdb)
        if isinstance(self._warehouse, LakeMarts):
            self._warehouse.written.clear()
        if self._database_copy is not None and self._warehouse.database is not None:
            self._server.create(self._warehouse.database.name, template=self._database_copy)
        external_events.reset_metrica(self._emulator)
        with closing(sqlite3.connect(self._emulator.state, timeout=20)) as metrica, metrica:
            metrica.execute("attach ? as saved", [str(self._metrica_copy)])
            tables = metrica.execute("select name from saved.sqlite_master where type = 'table'")
            for (table,) in tables.fetchall():
                metrica.execute(f"delete from main.{table}")
                metrica.execute(f"insert into main.{table} select * from saved.{table}")


def mart_source(marts: GeneratedMarts) -> MartSource:
    """Return generated marts as the source of a history."""
    return MartSource(
        "generated marts",
        partial(mart_changes.fill_marts, marts),
        {
            name: (weight, partial(change, marts))
            for name, (weight, change) in mart_changes.CHANGES.items()
        },
        partial(mart_changes.commit_late, marts),
        partial(mart_changes.update_contacts, marts),
    )
