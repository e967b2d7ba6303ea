"""Where the campaign's worlds are made: one folder, one emulator, one PostgreSQL."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from tests.database import Database
from tests.emulator_fixture import RunningEmulator
from tests.faults import changes, outside
from tests.faults.history import Source
from tests.faults.marts import HandMade
from tests.faults.world import World
from tests.marts_fixture import make_marts


@dataclass(frozen=True, slots=True)
class Server:
    """A running PostgreSQL; `admin` may create databases, `owner` is who uses them."""

    admin: Database
    owner: Database

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
        """Start an emulator; `name` tells this place's databases from others'."""
        self.folder = Path(tempfile.mkdtemp(prefix="faults-"))
        self.emulator = RunningEmulator()
        self.server, self._name = server, name
        self._numbers = 0

    def close(self) -> None:
        """Stop the emulator and remove the folder."""
        self.emulator.stop()
        shutil.rmtree(self.folder)

    @contextmanager
    def hand_made(self, kind: str, dice: Random, control: str | None) -> Iterator[tuple[World, HandMade]]:
        """Make a world with empty hand-made marts, on `duckdb` or `postgres`."""
        with self.home(kind) as (folder, database):
            marts = make_marts(folder, database)
            crm = HandMade(marts, dice)
            yield (
                World(marts, self.emulator, marts.flags, {}, crm.make.secrets, control),
                crm,
            )

    @contextmanager
    def home(self, kind: str) -> Iterator[tuple[Path, Database | None]]:
        """Return an empty folder, and an empty database for `postgres`; Metrica is empty too."""
        self._numbers += 1
        folder = self.folder / str(self._numbers)
        folder.mkdir()
        outside.calm(self.emulator)
        name = f"faults_{self._name}"
        try:
            yield folder, self.server.create(name) if kind == "postgres" else None
        finally:
            if kind == "postgres":
                self.server.drop(name)
            shutil.rmtree(folder)


def source_of(crm: HandMade) -> Source:
    """Return hand-made marts as what a history can change."""
    return Source(
        "marts",
        partial(changes.fill, crm),
        {name: (weight, partial(change, crm)) for name, (weight, change) in changes.CHANGES.items()},
        partial(changes.late, crm),
        partial(changes.renew, crm),
    )
