"""The attached warehouse, on a real DuckDB file and a real PostgreSQL."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

import duckdb
import psycopg2
import pytest
from metrica_export.errors import ExportError, LedgerError, SettingsError, WarehouseError
from metrica_export.settings import Staging
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_profile import Database as Warehouse
from metrica_export.warehouse.dbt_profile import Duckdb, Postgres
from metrica_export.warehouse.marks import HERE
from metrica_export.warehouse.sql import conninfo, name, quote
from psycopg2.extensions import make_dsn, parse_dsn

from tests.support.database import Database
from tests.support.ports import free_port
from tests.support.postgres_fixture import RunningPostgres

PERSON = "anna@example.com"
NASTY = [
    "",
    "'",
    "''",
    '"',
    "\\",
    "\\'",
    "a'b\"c\\d",
    "; drop table x --",
    "ж",
    " ",
    "$$",
    "%s",
    "?",
]

Opener = Callable[..., Attached]


def postgres_profile(database: Database) -> Postgres:
    return Postgres(
        target="prod",
        host=database.host,
        port=database.port,
        user=database.user,
        dbname=database.name,
        password=database.password,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a DuckDB file with an empty schema in it."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema crm")
    return path


@pytest.fixture
def attach(tmp_path: Path) -> Iterator[Opener]:
    """Return a function that opens a warehouse; all of them are closed after the test."""
    opened: list[Attached] = []
    numbers = count()

    def open_it(profile: Warehouse, *, read_only: bool = False) -> Attached:
        staging = tmp_path / f"staging-{next(numbers)}"
        staging.mkdir()
        opened.append(
            Attached(profile, Staging(staging), ledger_schema="metrica_export", read_only=read_only)
        )
        return opened[-1]

    yield open_it
    for warehouse in opened:
        warehouse.close()


@pytest.fixture(params=["duckdb", "postgres"])
def profile(request: pytest.FixtureRequest, file: Path) -> Warehouse:
    """Return an empty warehouse of each kind, with the schema `crm`."""
    if request.param == "duckdb":
        return Duckdb("dev", file)
    database: Database = request.getfixturevalue("pg_database")
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("create schema crm")
    return postgres_profile(database)


@pytest.fixture(scope="module")
def login(postgres: RunningPostgres) -> Iterator[Postgres]:
    """Return the profile of a database that no test changes."""
    database = postgres.database("logins")
    yield postgres_profile(database)
    postgres.drop(database)


@contextmanager
def refused(kind: type[ExportError] = WarehouseError) -> Iterator[list[str]]:
    """Expect an error; the list receives its message."""
    told: list[str] = []
    with pytest.raises(kind) as caught:
        yield told
    told.append(str(caught.value))
    assert caught.value.__cause__ is None
    assert PERSON not in told[0]


# What both kinds promise.


def test_connection_command_is_seen_by_the_next_query(profile: Warehouse, attach: Opener) -> None:
    warehouse = attach(profile)
    for table in ("first", "second"):
        warehouse.command(f"create table crm.{table} (id text, t timestamp, n numeric(18,2))")
        warehouse.command(f"insert into crm.{table} values ('1', '2026-01-02 03:04:05', 1.50)")
        assert warehouse.row(f"select id, cast(n as text) from {HERE}crm.{table}") == ("1", "1.50")


def test_columns_are_told_with_duckdbs_types(profile: Warehouse, attach: Opener) -> None:
    warehouse = attach(profile)
    assert warehouse.columns("crm", "t") == {}
    warehouse.command(
        'create table crm.t (id text, "At" timestamp, t timestamptz, n numeric(18,2), d date)'
    )
    warehouse.refresh_catalog()
    assert warehouse.columns("crm", "t") == {
        "id": "VARCHAR",
        "At": "TIMESTAMP",
        "t": "TIMESTAMP WITH TIME ZONE",
        "n": "DECIMAL(18,2)",
        "d": "DATE",
    }
    assert warehouse.columns("nowhere", "t") == {}


@pytest.mark.parametrize("text", NASTY)
def test_any_text_survives_quoting(text: str) -> None:
    assert duckdb.sql(f"select {quote(text)}").fetchone() == (text,)


@pytest.mark.parametrize("text", [text for text in NASTY if text])
def test_any_identifier_survives_quoting(text: str) -> None:
    assert duckdb.sql(f"select 1 as {name(text)}").columns == [text]


@pytest.mark.parametrize("text", NASTY)
def test_any_value_survives_libpqs_connection_string(text: str) -> None:
    assert parse_dsn(f"user={conninfo(text)} dbname='x'") == {"user": text, "dbname": "x"}


def test_text_and_parameters_reach_the_warehouse_unchanged(
    profile: Warehouse, attach: Opener
) -> None:
    warehouse = attach(profile)
    warehouse.command("create table crm.t (v text)")
    for text in NASTY:
        warehouse.run(f"insert into {HERE}crm.t values (?)", [text])
        assert warehouse.rows(f"select v from {HERE}crm.t where v = ?", [text]) == [(text,)]
        near = f"select count(*) as n from {HERE}crm.t where v = {quote(text)}"
        assert warehouse.row(f"select n from {warehouse.remote(near)}") == (1,)


def test_times_are_read_in_utc_whatever_the_servers_zone(
    profile: Warehouse, attach: Opener
) -> None:
    warehouse = attach(profile)
    warehouse.command("create table crm.t (v timestamptz)")
    warehouse.command("insert into crm.t values ('2026-01-02 03:04:05+03')")
    assert warehouse.row(f"select cast(v as text) from {HERE}crm.t") == ("2026-01-02 00:04:05+00",)


def test_times_are_read_in_utc_whatever_the_machines_zone(file: Path, tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from time import monotonic
from metrica_export.settings import Staging
from metrica_export.warehouse.dbt_profile import Duckdb
from metrica_export.warehouse.connection import Attached
profile = Duckdb("dev", Path(sys.argv[1]))
staging = Staging(Path(sys.argv[2]))
warehouse = Attached(profile, staging, ledger_schema="metrica_export", read_only=True)
print(warehouse.row("select cast(timestamptz '2026-01-02 03:04:05+03' as text)")[0])
"""
    done = subprocess.run(
        [sys.executable, "-c", code, file, tmp_path],
        env=dict(os.environ) | {"TZ": "America/New_York"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "2026-01-02 00:04:05+00\n"


def test_connection_transaction_is_all_or_nothing(profile: Warehouse, attach: Opener) -> None:
    warehouse = attach(profile)
    warehouse.command("create table crm.t (v integer)")
    with warehouse.transaction():
        warehouse.run(f"insert into {HERE}crm.t values (1)")

    def interrupted() -> None:
        with warehouse.transaction():
            warehouse.run(f"insert into {HERE}crm.t values (2)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with refused(), warehouse.transaction():
        warehouse.run(f"insert into {HERE}crm.t values (3)")
        warehouse.run(f"insert into {HERE}crm.nowhere values (3)")
    assert warehouse.rows(f"select v from {HERE}crm.t") == [(1,)]


def test_connection_opened_read_only_refuses_writes(profile: Warehouse, attach: Opener) -> None:
    writer = attach(profile)
    writer.command("create table crm.t (v text)")
    writer.close()
    reader = attach(profile, read_only=True)
    with refused():
        reader.run(f"insert into {HERE}crm.t values (?)", [PERSON])
    assert reader.rows(f"select * from {HERE}crm.t") == []


def test_connection_lookup_of_few_ids_costs_no_more_than_a_few_scans(
    profile: Warehouse, attach: Opener
) -> None:
    warehouse = attach(profile)
    numbers = "select cast(i as text) as id from generate_series(1, 50000) as numbers (i)"
    warehouse.command(f"create table crm.many as {numbers}")
    few = warehouse.few("select cast(i * 37 as text) as _id from range(1, 1001) as few (i)")
    assert few is not None
    seconds = {}
    for condition in ("id is not null", f"id in {few}"):
        query = warehouse.remote(f"select count(*) as n from {HERE}crm.many where {condition}")
        started = monotonic()
        found = warehouse.rows(f"select n from {query}")
        seconds[condition] = monotonic() - started
        assert found == [(50_000 if condition == "id is not null" else 1_000,)]
    scan, lookup = seconds.values()
    assert lookup < 20 * scan


@pytest.mark.parametrize(
    "ids", ["select '7' as _id", "select cast(i as text) as _id from range(9) t (i)"]
)
def test_connection_lookup_of_few_ids_uses_the_index_of_the_key(
    pg_database: Database, attach: Opener, ids: str
) -> None:
    few = attach(postgres_profile(pg_database)).few(ids)
    numbers = "select cast(i as text) as id from generate_series(1, 50000) as numbers (i)"
    with pg_database.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"create table many as {numbers}")
        cursor.execute("alter table many add primary key (id)")
        cursor.execute("analyze many")
        cursor.execute(f"explain select * from many m where cast(m.id as text) in {few}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "many_pkey" in plan
    assert "Seq Scan" not in plan


def test_connection_error_does_not_repeat_what_is_in_the_rows(
    profile: Warehouse, attach: Opener
) -> None:
    warehouse = attach(profile)
    warehouse.command("create table crm.t (v text)")
    warehouse.command("create table crm.u (v text primary key)")
    warehouse.run(f"insert into {HERE}crm.t values (?)", [PERSON])
    for query in (
        "select cast(v as integer) from {wh}crm.t",
        "select cast(v as timestamp) from {wh}crm.t",
        "insert into {wh}crm.u select v from {wh}crm.t union all select v from {wh}crm.t",
        f"select n from {warehouse.remote('select cast(v as integer) as n from crm.t')}",
        f"select n from {warehouse.remote('select cast(v as timestamp) as n from crm.t')}",
    ):
        with refused() as told:
            warehouse.rows(query)
        assert "refused a query" in told[0]


def test_connection_error_names_the_table_that_is_missing(
    profile: Warehouse, attach: Opener
) -> None:
    with refused() as told:
        attach(profile).rows(f"select * from {HERE}crm.no_such_table")
    assert "no_such_table" in told[0]


# A DuckDB file.


def test_connection_missing_file_is_told_with_its_target(tmp_path: Path, attach: Opener) -> None:
    with refused() as told:
        attach(Duckdb("dev", tmp_path / "nowhere.duckdb"))
    assert str(tmp_path / "nowhere.duckdb") in told[0]
    assert "'dev'" in told[0]
    assert "dbt build" in told[0]
    assert not (tmp_path / "nowhere.duckdb").exists()


@pytest.mark.parametrize("read_only", [True, False])
def test_connection_file_that_another_process_holds_is_told_as_held(
    file: Path, attach: Opener, *, read_only: bool
) -> None:
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"1\n"
        with refused(LedgerError) as told:
            attach(Duckdb("dev", file), read_only=read_only)
        holder.communicate(b"\n")
    assert str(file) in told[0]
    assert "another process" in told[0]
    attach(Duckdb("dev", file), read_only=read_only)


def test_connection_file_that_is_no_database_is_not_taken_for_a_held_one(
    tmp_path: Path, attach: Opener
) -> None:
    path = tmp_path / "clock.duckdb"
    path.write_text(f"{PERSON}\n" * 1000)
    with refused() as told:
        attach(Duckdb("dev", path))
    assert f"Cannot open {path}" in told[0]


def test_connection_path_with_a_quote_can_be_opened(file: Path, attach: Opener) -> None:
    odd = file.rename(file.with_name('it\'s a "file".duckdb'))
    warehouse = attach(Duckdb("dev", odd))
    assert not warehouse.is_postgres
    assert warehouse.row("select 1") == (1,)


# A PostgreSQL server.


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"password": "s3cr'et \\ \"ж"}, "password authentication failed"),
        ({"password": ""}, "password"),
        ({"dbname": "nowhere"}, 'database "nowhere" does not exist'),
        ({"user": "nobody"}, 'user "nobody"'),
        ({"port": 99999}, "99999"),
        ({"role": "nobody"}, 'role "nobody" does not exist'),
        ({"options": (("sslmode", "require"),)}, "SSL"),
        ({"password": "s3cret\0"}, "a character that no login can have"),
    ],
)
def test_connection_login_that_fails_is_told_without_the_password(
    login: Postgres, attach: Opener, change: dict[str, Any], expected: str
) -> None:
    with refused() as told:
        attach(replace(login, **change))
    assert expected in told[0]
    assert "'prod'" in told[0]
    assert login.password not in told[0]
    assert "s3cr" not in told[0]


def test_connection_server_that_does_not_answer_is_told_with_host_and_port(attach: Opener) -> None:
    port = free_port()
    with refused() as told:
        attach(Postgres("prod", "127.0.0.1", port, "me", "crm", "s3cret"))
    assert f"127.0.0.1:{port}" in told[0]
    assert "'prod'" in told[0]
    # A server that takes the connection and keeps silent is not waited for without end.
    assert "connect_timeout='10'" in told[0]
    assert "s3cret" not in told[0]


def test_odd_names_and_options_reach_the_server(postgres: RunningPostgres, attach: Opener) -> None:
    database = postgres.database("o'dd \"name\\")
    try:
        options = (("sslmode", "prefer"), ("connect_timeout", "5"))
        warehouse = attach(replace(postgres_profile(database), options=options))
        assert warehouse.is_postgres
        near = warehouse.remote("select current_database()::text as n")
        assert warehouse.row(f"select n from {near}") == (database.name,)
        warehouse.close()
    finally:
        postgres.drop(database)


def test_connection_role_of_the_profile_does_the_work(
    pg_database: Database, attach: Opener
) -> None:
    with superuser(pg_database) as cursor:
        cursor.execute("create role writer")
        cursor.execute(f'grant writer to "{pg_database.user}"')
    try:
        warehouse = attach(replace(postgres_profile(pg_database), role="writer"))
        near = warehouse.remote("select current_user::text as n")
        assert warehouse.row(f"select n from {near}") == ("writer",)
        warehouse.close()
    finally:
        with superuser(pg_database) as cursor:
            cursor.execute("drop role writer")


@pytest.mark.parametrize(
    ("statement", "denied"),
    [
        ("create schema metrica_export", "permission denied for database"),
        ("drop table crm.t", "permission denied for schema crm"),
    ],
)
def test_connection_error_names_the_missing_right(
    pg_database: Database, attach: Opener, statement: str, denied: str
) -> None:
    with superuser(pg_database) as cursor:
        cursor.execute("create role weak login password 'weak'")
        cursor.execute("create schema crm")
        cursor.execute("create table crm.t (v text)")
    try:
        profile = replace(postgres_profile(pg_database), user="weak", password="weak")
        warehouse = attach(profile)
        with refused() as told:
            warehouse.command(statement)
        assert denied in told[0]
        assert "Grant it to the user" in told[0]
        with refused() as told:
            warehouse.rows(f"select * from {HERE}crm.t")
        assert "permission denied for schema crm" in told[0]
        warehouse.close()
    finally:
        with superuser(pg_database) as cursor:
            cursor.execute("drop role weak")


@contextmanager
def superuser(database: Database) -> Iterator[Any]:
    """Open a cursor of the server's superuser in the test's database."""
    session = psycopg2.connect(make_dsn(database.dsn, user="postgres"))
    session.autocommit = True
    try:
        with session.cursor() as cursor:
            yield cursor
    finally:
        session.close()


def cut_sessions(database: Database) -> None:
    """End every other session of the database, as a restart of the server would."""
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )


@pytest.mark.parametrize("then", ["read", "write", "commit"])
def test_connection_server_that_goes_away_within_a_transaction_leaves_nothing_half_done(
    pg_database: Database, attach: Opener, then: str
) -> None:
    warehouse = attach(postgres_profile(pg_database))
    warehouse.command("create table public.t (v integer)")
    with refused(), warehouse.transaction():
        warehouse.run(f"insert into {HERE}public.t values (1)")
        cut_sessions(pg_database)
        if then == "read":
            warehouse.rows(f"select * from {HERE}public.t")
        elif then == "write":
            warehouse.run(f"insert into {HERE}public.t values (2)")
    assert warehouse.rows(f"select * from {HERE}public.t") == []
    with warehouse.transaction():
        warehouse.run(f"insert into {HERE}public.t values (3)")
    assert warehouse.rows(f"select * from {HERE}public.t") == [(3,)]


def test_more_rows_than_fit_into_memory_say_which_option_helps(file: Path, tmp_path: Path) -> None:
    staging = Staging(tmp_path, memory_mb=100)
    profile = Duckdb("dev", file)
    wh = Attached(profile, staging, ledger_schema="metrica_export", read_only=True)
    with pytest.raises(SettingsError, match=r"100 MB .* --memory-mb"):
        # A list is never put on disk.
        wh.run("create table large as select list(i) as numbers from range(30000000) t (i)")
    wh.close()
