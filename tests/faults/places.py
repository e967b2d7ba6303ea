"""Where the campaign's worlds are made: one folder, one emulator, one PostgreSQL."""

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

from tests.faults import mart_changes, outside
from tests.faults.generated_marts import GeneratedMarts
from tests.faults.history import Source
from tests.faults.world import World
from tests.support.database import Database
from tests.support.emulator_fixture import RunningEmulator
from tests.support.marts_fixture import MartsWarehouse, make_marts
from tests.support.postgres_fixture import RunningPostgres


@dataclass(frozen=True, slots=True)
class Server:
    """A running PostgreSQL; `admin` may create databases, `owner` is who uses them."""

    admin: Database
    owner: Database

    @classmethod
    def of(cls, running: RunningPostgres) -> Self:
        """Return the server that a test has started; its superuser has the same password."""
        where = (running.host, running.port)
        return cls(
            Database(*where, "postgres", running.password, "postgres"),
            Database(*where, running.user, running.password, "postgres"),
        )

    def create(self, name: str, template: str = "template1") -> Database:
        """Create a database in place of one of that name."""
        self.drop(name)
        self._run(f'create database "{name}" owner "{self.owner.user}" template "{template}"')
        owner = self.owner
        return Database(owner.host, owner.port, owner.user, owner.password, name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._run(f'drop database if exists "{name}" with (force)')

    def _run(self, statement: str) -> None:
        with self.admin.connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement)


class Place:
    """Makes worlds, one at a time."""

    def __init__(self, server: Server, name: str) -> None:
        """Start an emulator; the databases' names begin with `name`."""
        self._open = ExitStack()
        folder = self._open.enter_context(tempfile.TemporaryDirectory(prefix="faults-"))
        self.folder = Path(folder)
        self.emulator = self._open.enter_context(RunningEmulator())
        self.server, self.name = server, name
        self._numbers = 0

    def close(self) -> None:
        """Stop the emulator and remove the folder."""
        self._open.close()

    @contextmanager
    def hand_made(
        self, kind: str, rng: Random, parts: Parts = PARTS
    ) -> Iterator[tuple[World, GeneratedMarts]]:
        """Make a world with empty hand-made marts, on `duckdb` or `postgres`.

        Its runs are made of these parts.
        """
        with self.home(kind) as (folder, database):
            warehouse = make_marts(folder, database)
            marts = GeneratedMarts(warehouse, rng)
            yield (
                World(
                    warehouse, self.emulator, warehouse.flags, {}, marts.generator.secrets, parts
                ),
                marts,
            )

    @contextmanager
    def snapshot(self, world: World) -> Iterator["Snapshot"]:
        """Keep the warehouse and Metrica as they are now."""
        with self._copy_of_database(world.warehouse.database) as saved:
            yield Snapshot(self.server, world.warehouse, self.emulator, saved)

    @contextmanager
    def _copy_of_database(self, database: Database | None) -> Iterator[str | None]:
        if database is None:
            yield None
            return
        saved = f"{database.name}_saved"
        self.server.create(saved, template=database.name)
        try:
            yield saved
        finally:
            self.server.drop(saved)

    @contextmanager
    def home(self, kind: str, base: str | None = None) -> Iterator[tuple[Path, Database | None]]:
        """Return a folder, and a database for `postgres`; Metrica is empty.

        `base` is the DuckDB file or the database to begin with; without one all is empty.
        """
        self._numbers += 1
        folder = self.folder / str(self._numbers)
        folder.mkdir()
        outside.calm(self.emulator)
        name = f"{self.name}_history"
        try:
            if kind == "postgres":
                yield folder, self.server.create(name, base or "template1")
                return
            if base:
                shutil.copy(base, folder / "warehouse.duckdb")
            yield folder, None
        finally:
            if kind == "postgres":
                self.server.drop(name)
            shutil.rmtree(folder)


class Snapshot:
    """A warehouse and what Metrica held, to begin from again and again."""

    def __init__(
        self,
        server: Server,
        warehouse: MartsWarehouse,
        emulator: RunningEmulator,
        saved: str | None,
    ) -> None:
        self._server, self._warehouse, self._emulator, self._saved = (
            server,
            warehouse,
            emulator,
            saved,
        )
        folder = warehouse.folder
        self._metrica = folder / "saved.sqlite"
        self._file, self._saved_file = folder / "warehouse.duckdb", folder / "saved.duckdb"
        if saved is None:
            shutil.copy(self._file, self._saved_file)
        with (
            closing(sqlite3.connect(emulator.state)) as there,
            closing(sqlite3.connect(self._metrica)) as here,
        ):
            there.backup(here)

    def restore(self) -> None:
        """Make the warehouse and Metrica what they were."""
        if self._saved is None or self._warehouse.database is None:
            self._file.with_suffix(".duckdb.wal").unlink(missing_ok=True)
            shutil.copy(self._saved_file, self._file)
        else:
            self._server.create(self._warehouse.database.name, template=self._saved)
        outside.calm(self._emulator)
        with closing(sqlite3.connect(self._emulator.state, timeout=20)) as there, there:
            there.execute("attach ? as saved", [str(self._metrica)])
            tables = there.execute("select name from saved.sqlite_master where type = 'table'")
            for (table,) in tables.fetchall():
                there.execute(f"delete from main.{table}")
                there.execute(f"insert into main.{table} select * from saved.{table}")


def source_of(marts: GeneratedMarts) -> Source:
    """Return hand-made marts as what a history can change."""
    return Source(
        "marts",
        partial(mart_changes.fill_marts, marts),
        {
            name: (weight, partial(change, marts))
            for name, (weight, change) in mart_changes.CHANGES.items()
        },
        partial(mart_changes.commit_late, marts),
        partial(mart_changes.update_contacts, marts),
    )
