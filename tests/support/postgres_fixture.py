"""A real PostgreSQL for the tests: started by them, on loopback only, gone with them.

Nothing is left behind, not even by a session that was killed: a watchdog that waits on
a pipe stops the server and removes its folder when the pipe's other end is gone.
"""

import os
import secrets
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from signal import SIGINT, SIGQUIT, SIGTERM
from typing import Any, Literal, Self

import psutil
from psycopg2 import sql
from psycopg2.sql import SQL, Identifier

from tests.support.database import Database
from tests.support.ports import HOST, free_port, is_free
from tests.support.postgres_binaries import Account, copied, server_account, version

TIME_ZONE = "America/New_York"
"""Neither UTC nor the counter's, so that a forgotten zone shows."""

_USER = "warehouse"
_SUPERUSER = "postgres"
_SETTINGS = f"""
listen_addresses = '{HOST}'
timezone = '{TIME_ZONE}'
log_timezone = '{TIME_ZONE}'
# The data dies with the tests. A commit still reaches the operating system, so that
# what was committed survives kill().
fsync = off
full_page_writes = off
"""
_WATCHDOG = """
exec >/dev/null 2>&1
cd /
cat
"$1/pg_ctl" stop --silent --mode=immediate --pgdata="$2/data"
rm -rf "$2"
"""
_START_ATTEMPTS = 5
_PATIENCE_SECONDS = 60
_STOP_SIGNALS = {"smart": SIGTERM, "fast": SIGINT, "immediate": SIGQUIT}


class PostgresFailedError(RuntimeError):
    """The server could not be set up, started or stopped; the message has its own words."""


class RunningPostgres:
    """A server with its own folder and port, which demands a password of everybody.

    `binaries` is a folder that `tests.support.postgres_binaries` found. Raises PostgresFailedError.
    """

    host = HOST
    user = _USER

    def __init__(self, binaries: Path) -> None:
        """Set a server up in a new temporary folder and start it."""
        self._account = server_account()
        # The odd characters break any connection string that is put together by hand.
        self.password = secrets.token_hex(8) + "' \\\"@:/%?#é"
        self.port = free_port()
        self.home = _new_home(self._account)
        self._data = self.home / "data"
        self._log = self.home / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._binaries = binaries
        if version(binaries, self._account) == 0:
            self._binaries = copied(binaries, to=self.home / "software")
            self._hand_over(self.home / "software")
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHDOG, "watchdog", self._binaries, self.home],
            stdin=subprocess.PIPE,
            **self._surroundings(),
        )
        self._initialise()
        self._start_on_a_free_port()
        with self._superuser().connect() as admin, admin.cursor() as cursor:
            create = SQL("create role {} login password %s").format(Identifier(_USER))
            cursor.execute(create, [self.password])

    def __enter__(self) -> Self:
        """Return the running server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server and remove its folder."""
        self.close()

    def database(self, name: str, encoding: str | None = None) -> Database:
        """Create an empty database of that name, in place of one that is there."""
        database = Database(self.host, self.port, self.user, self.password, name)
        self.drop(database)
        with self._superuser().connect() as admin, admin.cursor() as cursor:
            create = SQL("create database {} owner {}").format(Identifier(name), Identifier(_USER))
            if encoding is not None:
                other = SQL(" template template0 locale 'C' encoding {}")
                create += other.format(sql.Literal(encoding))
            cursor.execute(create)
        return database

    def administer(self, database: Database, *statements: str) -> None:
        """Run statements in a database as the superuser."""
        admin = replace(database, user=_SUPERUSER)
        with admin.connect() as session, session.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def drop(self, database: Database) -> None:
        """Remove a database, whoever is still connected to it."""
        with self._superuser().connect() as admin, admin.cursor() as cursor:
            drop = SQL("drop database if exists {} with (force)")
            cursor.execute(drop.format(Identifier(database.name)))

    def is_running(self) -> bool:
        """Whether the server's process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server on the port that it had; nothing happens when it runs."""
        if self.is_running():
            return
        with self._log.open("ab") as log:
            # A child, so that it is reaped here: not every container has an init that does it,
            # and PostgreSQL takes the lock files of an unreaped server for those of a living one.
            self._process = process = subprocess.Popen(
                [self._binaries / "postgres", "-D", self._data, "-p", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._surroundings(),
            )
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._is_ready(process):
            if process.poll() is not None or time.monotonic() > deadline:
                log_text = self._log.read_text(encoding="utf-8")
                message = f"PostgreSQL did not start on port {self.port}:\n{log_text}"
                raise PostgresFailedError(message)
            time.sleep(0.01)

    def stop(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
        """Stop the server in one of pg_ctl's ways; nothing happens when it is down."""
        if self._process is not None:
            self._process.send_signal(_STOP_SIGNALS[mode])
            self._process.wait(_PATIENCE_SECONDS)

    def kill(self) -> None:
        """Take all the server's processes away at once, as an out-of-memory killer would."""
        if self._process is None or not self.is_running():
            message = "There is no running PostgreSQL to kill."
            raise PostgresFailedError(message)
        sessions = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        for session in sessions:
            with suppress(psutil.NoSuchProcess):
                session.kill()
        self._process.wait(_PATIENCE_SECONDS)

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self.stop()
        self._watchdog.communicate()

    def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Read what PostgreSQL notes for pg_ctl: its process id first, its state last."""
        try:
            notes = (self._data / "postmaster.pid").read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return False
        return notes[:1] == [str(process.pid)] and notes[-1:] == ["ready"]

    def _initialise(self) -> None:
        password_file = self.home / "password"
        password_file.write_text(self.password, encoding="utf-8")
        self._hand_over(password_file)
        done = subprocess.run(
            [
                self._binaries / "initdb",
                f"--pgdata={self._data}",
                f"--username={_SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
            capture_output=True,
            text=True,
            check=False,
            **self._surroundings(),
        )
        if done.returncode != 0:
            message = f"initdb failed:\n{done.stdout}{done.stderr}"
            raise PostgresFailedError(message)
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(f"{_SETTINGS}unix_socket_directories = '{self.home}'\n")

    def _start_on_a_free_port(self) -> None:
        for _ in range(_START_ATTEMPTS):
            try:
                return self.start()
            except PostgresFailedError:
                # Another session may take the port between our look and the server's start.
                if is_free(self.port):
                    raise
                self.port = free_port()
        return self.start()

    def _superuser(self) -> Database:
        return Database(self.host, self.port, _SUPERUSER, self.password, _SUPERUSER)

    def _hand_over(self, path: Path) -> None:
        """Make the server's account the owner of a path and of all that is below it."""
        if self._account:
            for entry in (path, *path.rglob("*")):
                os.chown(entry, self._account["user"], self._account["group"])

    def _surroundings(self) -> dict[str, Any]:
        """Return what every program of the server is started with, by `subprocess`'s names."""
        return {
            "cwd": self.home,
            # The caller's locale and libpq variables must not reach the server, nor the
            # terminal's Ctrl-C, which is meant for the tests.
            "env": {"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            "start_new_session": True,
            **self._account,
        }


def _new_home(account: Account) -> Path:
    home = Path(tempfile.mkdtemp(prefix="postgres-"))
    if account:
        os.chown(home, account["user"], account["group"])
    test = ["/bin/sh", "-c", 'test -w "$0"', str(home)]
    if subprocess.run(test, check=False, cwd="/", **account).returncode != 0:
        message = (
            f"PostgreSQL does not run as root, and {account} cannot enter {home}."
            " Set TMPDIR to a folder that every user can enter."
        )
        raise PostgresFailedError(message)
    return home
