"""The run's lock: held by one transaction, and proven to be held before each upload."""

import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from metrica_export.errors import LedgerError, WarehouseError
from metrica_export.ledger.lock import ledger_lock, run_lock
from metrica_export.warehouse.dbt_profile import Postgres
from psycopg2.extensions import connection

from tests.support.database import Database
from tests.support.emulator_fixture import RunningEmulator
from tests.support.job import Job
from tests.support.marts_fixture import make_marts
from tests.support.ports import HOST, free_port
from tests.support.postgres_binaries import server_account

COUNTER = 77


def profile_of(database: Database) -> Postgres:
    return Postgres(
        target="postgres",
        host=database.host,
        port=database.port,
        user=database.user,
        dbname=database.name,
        password=database.password,
    )


def ask(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.connect() as session, session.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall() if cursor.description else []


def end_session(database: Database, application_name: str) -> None:
    """End the sessions of that name, as an administrator or a fail-over does."""
    ended = ask(
        database,
        "select pg_terminate_backend(pid) from pg_stat_activity "
        f"where application_name = '{application_name}'",
    )
    assert ended == [(True,)]


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[connection]:
    """Return the sessions that locks open, as they open them."""
    opened: list[connection] = []
    connect = psycopg2.connect

    def noting(*arguments: Any, **options: Any) -> connection:
        session: connection = connect(*arguments, **options)
        opened.append(session)
        return session

    monkeypatch.setattr(psycopg2, "connect", noting)
    return opened


def test_run_lock_is_for_one_run_of_a_counter(pg_database: Database) -> None:
    profile = profile_of(pg_database)
    with run_lock(profile, COUNTER) as check:
        with pytest.raises(LedgerError, match="Another run for counter 77"), run_lock(profile, 77):
            pass
        with run_lock(profile, COUNTER + 1) as other:
            other()
        check()
    with run_lock(profile, COUNTER) as check:
        check()


def test_run_lock_is_lost_with_its_session(pg_database: Database) -> None:
    with run_lock(profile_of(pg_database), COUNTER) as check:
        end_session(pg_database, f"metrica-export {COUNTER}")
        with pytest.raises(LedgerError, match="The run's lock is lost"):
            check()


def test_run_lock_is_lost_with_its_transaction(
    pg_database: Database, sessions: list[connection]
) -> None:
    with run_lock(profile_of(pg_database), COUNTER) as check:
        sessions[0].rollback()
        with pytest.raises(LedgerError, match="The run's lock is lost"):
            check()


def test_run_lock_outlives_the_timeouts_of_its_role(pg_database: Database) -> None:
    for setting in ("idle_in_transaction_session_timeout", "idle_session_timeout"):
        ask(pg_database, f"alter role {pg_database.user} in database {pg_database.name} "
            f"set {setting} = '100ms'")  # fmt: skip
    with run_lock(profile_of(pg_database), COUNTER) as check:
        time.sleep(0.5)
        check()


def test_run_lock_does_not_hold_vacuum_back(pg_database: Database) -> None:
    ask(pg_database, f"alter role {pg_database.user} in database {pg_database.name} "
        "set default_transaction_isolation = 'repeatable read'")  # fmt: skip
    with run_lock(profile_of(pg_database), COUNTER) as check:
        check()
        assert ask(
            pg_database,
            "select backend_xmin, backend_xid, state from pg_stat_activity "
            f"where application_name = 'metrica-export {COUNTER}'",
        ) == [(None, None, "idle in transaction")]


@pytest.mark.parametrize("setting", ["lock_timeout", "statement_timeout"])
def test_ledger_lock_that_waits_too_long_is_an_error_of_the_warehouse(
    pg_database: Database, setting: str
) -> None:
    ask(pg_database, f"alter role {pg_database.user} in database {pg_database.name} "
        f"set {setting} = '200ms'")  # fmt: skip
    profile = profile_of(pg_database)
    with (
        ledger_lock(profile),
        pytest.raises(WarehouseError, match=r"canceling statement due to \w+ timeout"),
        ledger_lock(profile),
    ):
        pass


@pytest.fixture
def pg_job(tmp_path: Path, pg_database: Database, running_emulator: RunningEmulator) -> Job:
    running_emulator.reset()
    running_emulator.quotas(requests_per_second=1000)
    job = Job(make_marts(tmp_path, pg_database), running_emulator)
    job.marts.contacts("c1", "c2", "c3")
    return job


def test_run_stops_before_the_next_upload_when_the_lock_is_lost(pg_job: Job) -> None:
    database, counter = pg_job.marts.database, pg_job.emulator.counter
    assert database is not None
    pg_job.emulator.fault("slow_after:1", "POST /data/contacts/csv")

    def end_the_lock() -> None:
        while not pg_job.uploads():
            time.sleep(0.01)
        end_session(database, f"metrica-export {counter}")

    thread = threading.Thread(target=end_the_lock)
    thread.start()
    outcome = pg_job.run(("contacts",), chunk_rows=1)
    thread.join()
    assert outcome.exit_code == 5
    assert "The run's lock is lost" in (outcome.error or "")
    assert pg_job.uploads() == [("contacts", 1, "PASSED")]
    assert pg_job.sent(("contacts",)) == {"contacts": 2}


needs_pgbouncer = pytest.mark.skipif(
    shutil.which("pgbouncer") is None, reason="pgbouncer is not installed"
)


@pytest.fixture
def pooled(pg_database: Database, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Return the test's database behind a real PgBouncer, in the mode of the parameter."""
    # Not in `tmp_path`: pytest lets no other account into the folders on the way.
    home, port = Path(tempfile.mkdtemp(prefix="pgbouncer-")), free_port()
    secret = pg_database.password.replace('"', '""')
    (home / "users.txt").write_text(f'"{pg_database.user}" "{secret}"\n', encoding="utf-8")
    (home / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={HOST} port={pg_database.port}\n"
        f"[pgbouncer]\nlisten_addr = {HOST}\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = scram-sha-256\nauth_file = {home}/users.txt\n"
        f"pool_mode = {request.param}\nquery_wait_timeout = 20\n",
        encoding="utf-8",
    )
    account = server_account()
    if account:
        for path in (home, *home.iterdir()):
            shutil.chown(path, account["user"], account["group"])
    command = ["pgbouncer", "-q", str(home / "pgbouncer.ini")]
    process = subprocess.Popen(command, cwd="/", **account)
    database = replace(pg_database, port=port)
    for _ in range(200):
        try:
            ask(database, "select 1")
            break
        except psycopg2.OperationalError:
            time.sleep(0.05)
    yield database
    process.terminate()
    process.wait(20)
    shutil.rmtree(home)


@needs_pgbouncer
@pytest.mark.parametrize("pooled", ["transaction", "session"], indirect=True)
def test_run_lock_is_for_one_run_behind_a_pooler(pooled: Database) -> None:
    profile = profile_of(pooled)
    with run_lock(profile, COUNTER) as check:
        for _ in range(3):
            # Another client's statement takes any connection that the pooler thinks idle.
            with pooled.connect() as other, other.cursor() as cursor:
                cursor.execute("begin")
                cursor.execute("select pg_backend_pid()")
                with pytest.raises(LedgerError, match="Another run"), run_lock(profile, COUNTER):
                    pass
        check()


@needs_pgbouncer
@pytest.mark.parametrize("pooled", ["statement"], indirect=True)
def test_run_lock_refuses_a_pooler_in_statement_mode(pooled: Database) -> None:
    with pytest.raises(WarehouseError, match="pooler"), run_lock(profile_of(pooled), COUNTER):
        pass


@needs_pgbouncer
@pytest.mark.parametrize("pooled", ["transaction"], indirect=True)
def test_two_runs_behind_a_pooler_upload_no_row_twice(
    pooled: Database, tmp_path: Path, running_emulator: RunningEmulator
) -> None:
    running_emulator.reset()
    running_emulator.quotas(requests_per_second=1000)
    job = Job(make_marts(tmp_path, pooled), running_emulator)
    job.marts.contacts(*(f"c{i}" for i in range(20)))
    running_emulator.fault("slow:1", "POST /data/contacts/csv")
    outcomes = []
    runs = [
        threading.Thread(target=lambda: outcomes.append(job.run(("contacts",), chunk_rows=5)))
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert sorted(outcome.exit_code for outcome in outcomes) == [0, 5]
    assert job.uploads() == [("contacts", 5, "PASSED")] * 4
