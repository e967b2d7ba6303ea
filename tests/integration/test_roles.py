"""Roles on PostgreSQL: dbt's, the exporter's, and the one of those who only read."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from metrica_export.commands.doctor import examination
from metrica_export.commands.doctor.finding import Finding

from tests.support.database import Database
from tests.support.emulator_fixture import RunningEmulator
from tests.support.job import Job
from tests.support.marts_fixture import make_marts
from tests.support.postgres_fixture import RunningPostgres

_VIEWS = ("mart_rows", "runs", "uploads", "order_steps", "deadlines", "tied_orders")
EXPORTER, READER = "crm_exporter", "bi_reader"

# The rights of docs/how-to/grant-roles.md. Default privileges stand for the grants of dbt.
MARTS = (
    f"grant usage on schema metrica to {EXPORTER}",
    f"grant select on all tables in schema metrica to {EXPORTER}",
    f"grant usage on schema metrica_work to {EXPORTER}",
    f"grant select on metrica_work.mart_builds to {EXPORTER}",
    (
        "alter default privileges for role warehouse in schema metrica "
        f"grant select on tables to {EXPORTER}"
    ),
)
LEDGER = (
    "create schema metrica_export",
    f"grant usage, create on schema metrica_export to {EXPORTER}",
)
VIEWS = (
    f"grant usage on schema metrica_export to {READER}",
    f"grant select on table metrica_export.{', metrica_export.'.join(_VIEWS)} to {READER}",
)


@pytest.fixture
def roles(
    tmp_path: Path,
    postgres: RunningPostgres,
    pg_database: Database,
    running_emulator: RunningEmulator,
) -> Iterator[Job]:
    """Return a job whose exporter owns nothing and may create nothing but in one schema."""
    running_emulator.reset()
    job = Job(make_marts(tmp_path, pg_database), running_emulator)
    job.marts.contacts("c1")
    job.marts.orders("1", "2")
    for role in (EXPORTER, READER):
        postgres.administer(pg_database, f"create role {role} login password 'made-up'")
    postgres.administer(pg_database, *MARTS)
    path = job.marts.folder / "profiles.yml"
    profiles = json.loads(path.read_text())
    login = {"user": EXPORTER, "password": "made-up"}
    profiles["crm"]["outputs"]["postgres"] |= login
    path.write_text(json.dumps(profiles))
    yield job
    for role in (EXPORTER, READER):
        postgres.administer(pg_database, f"drop owned by {role} cascade", f"drop role {role}")


def finding(job: Job, check: str) -> Finding:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METRICA_TOKEN", job.emulator.token)
        chart = examination.examine(job.options(), job.emulator.url)
    return next(found for found in chart.findings if found.check == check)


def read(job: Job, query: str) -> list[tuple[Any, ...]]:
    """Ask as the reader."""
    assert job.marts.database is not None
    database = replace(job.marts.database, user=READER, password="made-up")
    with database.connect() as session, session.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def build_again(job: Job, mart: str) -> None:
    """Put a new table in a mart's place, as dbt does."""
    job.marts.sql(f"create table metrica.new_{mart} as select * from metrica.{mart}")
    job.marts.sql(f"alter table metrica.{mart} rename to old_{mart}")
    job.marts.sql(f"alter table metrica.new_{mart} rename to {mart}")
    job.marts.sql(f"drop table metrica.old_{mart} cascade")


def test_run_needs_no_right_but_in_the_schema_that_a_dba_made(
    roles: Job, postgres: RunningPostgres
) -> None:
    assert roles.marts.database is not None
    postgres.administer(roles.marts.database, *LEDGER)
    found = finding(roles, "ledger")
    assert (found.level, found.found) == ("ok", "schema metrica_export exists")
    assert roles.sent() == {"contacts": 1, "orders": 2}
    assert roles.sent() == {}


def test_roles_reader_of_the_ledgers_schema_alone_reads_its_views(
    roles: Job, postgres: RunningPostgres
) -> None:
    database = roles.marts.database
    assert database is not None
    postgres.administer(database, *LEDGER)
    roles.run()
    postgres.administer(database, *VIEWS)
    states = (
        "select state, count(*) from metrica_export.mart_rows where entity = 'orders' group by 1"
    )
    assert read(roles, states) == [("sent", 2)]
    steps = "select count(*) from metrica_export.order_steps where status = 'PASSED'"
    windows = "select count(*), count(update_days_left) from metrica_export.deadlines"
    assert (read(roles, steps), read(roles, windows)) == ([(2,)], [(2, 2)])
    assert read(roles, "select * from metrica_export.tied_orders") == []
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        read(roles, "select * from metrica.orders")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        read(roles, "select * from metrica_export.ledger_deliveries")
    for mart in ("contacts", "orders"):
        build_again(roles, mart)
    assert read(roles, states) == [("sent", 2)]
    assert (read(roles, steps), read(roles, windows)) == ([(2,)], [(2, 2)])
    roles.marts.orders("3")
    assert roles.sent() == {"orders": 1}
    assert read(roles, states) == [("sent", 3)]
    assert len(read(roles, "select * from metrica_export.runs where sent > 0")) == 3
    assert len(read(roles, "select * from metrica_export.uploads")) == 3


def test_doctor_and_run_name_the_grant_that_a_missing_schema_needs(
    roles: Job, postgres: RunningPostgres
) -> None:
    found = finding(roles, "ledger")
    assert (found.level, found.exit_code) == ("error", 3)
    assert "schema metrica_export does not exist" in found.found
    assert f'grant usage, create on schema "metrica_export" to "{EXPORTER}"' in found.advice
    outcome = roles.run()
    assert outcome.exit_code == 3
    assert "permission denied for database" in (outcome.error or "")
    assert roles.marts.database is not None
    # The advice is enough.
    statements = found.advice.partition("`")[2].rpartition("`")[0].split("; ")
    postgres.administer(roles.marts.database, *statements)
    assert roles.sent() == {"contacts": 1, "orders": 2}


def test_doctor_names_the_grant_that_a_schema_of_somebody_else_needs(
    roles: Job, postgres: RunningPostgres
) -> None:
    assert roles.marts.database is not None
    postgres.administer(roles.marts.database, LEDGER[0])
    found = finding(roles, "ledger")
    assert (found.level, found.exit_code) == ("error", 3)
    assert f"{EXPORTER} may not create tables in schema metrica_export" in found.found


def test_doctor_reports_a_missing_schema_of_the_marts_as_missing(
    roles: Job, postgres: RunningPostgres
) -> None:
    assert roles.marts.database is not None
    postgres.administer(roles.marts.database, f"revoke usage on schema metrica from {EXPORTER}")
    found = finding(roles, "warehouse")
    assert (found.level, found.exit_code) == ("error", 3)
    assert f'grant usage on schema "metrica" to "{EXPORTER}"' in found.advice
    postgres.administer(roles.marts.database, "drop schema metrica cascade")
    found = finding(roles, "warehouse")
    assert (found.level, found.found) == ("error", "schema metrica does not exist")
