"""The state of the emulator: a SQLite file or memory."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from metrica_emulator.options import EmulatorError

T = TypeVar("T")

_VERSION = 3


class Store:
    """One connection, used by one thread, so work is done in the order of its arrival.

    Other processes may query the file meanwhile (write-ahead log).
    """

    def __init__(self, path: Path | None, counter: int) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._connection = self._thread.submit(_open, path, counter).result()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do work in one transaction, which is rolled back if the work raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)

    def call(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do work as `run` does, where no event loop runs."""
        return self._thread.submit(self._do, work).result()

    def close(self) -> None:
        """Finish the work, then close the file."""
        self._thread.submit(self._connection.close).result()
        self._thread.shutdown()

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._connection:
            return work(self._connection)


def empty(connection: sqlite3.Connection) -> None:
    """Delete every row except the counter's, and number rows from 1 again."""
    for table in (*tables(connection), "sqlite_sequence"):
        connection.execute(f"delete from {table}")


def tables(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the tables that requests fill."""
    query = (
        "select name from sqlite_master where type = 'table'"
        " and name not in ('meta', 'sqlite_sequence') order by name"
    )
    return [row["name"] for row in connection.execute(query)]


def _open(path: Path | None, counter: int) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path or ":memory:", timeout=10)
        version = connection.execute("pragma user_version").fetchone()[0]
        tables = connection.execute("select count(*) from sqlite_master").fetchone()[0]
    except sqlite3.Error as error:
        raise EmulatorError(
            f"Cannot use {path} as the state file ({error}). Name another with --state."
        ) from None
    connection.row_factory = sqlite3.Row
    if version != _VERSION and (version or tables):
        connection.close()
        raise EmulatorError(
            f"{path} is not a state file of this emulator. Name another with --state."
        )
    connection.execute("pragma journal_mode = wal")
    # The operating system keeps the writes of a killed process. Only a power failure loses them.
    connection.execute("pragma synchronous = off")
    if not version:
        ddl = files("metrica_emulator").joinpath("schema.sql").read_text(encoding="utf-8")
        owner = f"insert into meta values ({counter}); pragma user_version = {_VERSION};"
        connection.executescript(f"begin; {ddl} {owner} commit;")
    owner = connection.execute("select counter from meta").fetchone()[0]
    if owner != counter:
        connection.close()
        raise EmulatorError(
            f"{path} holds counter {owner}, not {counter}. Name another with --state."
        )
    return connection
