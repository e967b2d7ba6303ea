"""One run at a time for a counter, on one warehouse."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2.extensions import connection, make_dsn

from exporter.errors import LedgerError, WarehouseError
from exporter.explanation import explain
from exporter.profiles import Duckdb, Postgres, Warehouse

_NAMESPACE = 0x4D43
"""Keeps these advisory locks apart from other programs' on the same database."""


@contextmanager
def run_lock(profile: Warehouse, counter_id: int) -> Iterator[Callable[[], None]]:
    """Hold the run's lock; yields a check that raises LedgerError once it is lost.

    On PostgreSQL it is an advisory lock of a session of its own, which the server frees
    when the process dies in whatever way. A DuckDB file is locked by the operating
    system for as long as it is attached, so there is nothing more to hold.
    Raises LedgerError when another run has it.
    """
    if isinstance(profile, Duckdb):
        yield lambda: None
        return
    session = _open(profile, f"metrica-export {counter_id}")
    # Two integers make one lock: ours, and the counter folded into 32 bits.
    key = f"{_NAMESPACE}, {counter_id % 2**31}"
    try:
        with session.cursor() as cursor:
            cursor.execute(f"select pg_try_advisory_lock({key})")
            if cursor.fetchone() != (True,):
                raise LedgerError(
                    f"Another run for counter {counter_id} is at work on this warehouse: "
                    "wait until it ends. Its session is listed in pg_stat_activity as "
                    f"'metrica-export {counter_id}'."
                )

            def check() -> None:
                try:
                    cursor.execute("select 1")
                except psycopg2.Error:
                    raise LedgerError(
                        "The session that holds the run's lock is gone, so another run may have "
                        "started: this one stops. Run again."
                    ) from None

            yield check
    finally:
        session.close()


@contextmanager
def ledger_lock(profile: Warehouse) -> Iterator[None]:
    """Wait until no other run, of whatever counter, is making the ledger's tables."""
    if isinstance(profile, Duckdb):
        yield
        return
    session = _open(profile, "metrica-export ledger")
    try:
        with session.cursor() as cursor:
            # No counter has a negative number.
            cursor.execute(f"select pg_advisory_lock({_NAMESPACE}, -1)")
        yield
    finally:
        session.close()


def _open(profile: Postgres, application_name: str) -> connection:
    try:
        session = psycopg2.connect(
            make_dsn(
                host=profile.host,
                port=profile.port,
                user=profile.user,
                password=profile.password,
                dbname=profile.dbname,
                application_name=application_name,
                **{"connect_timeout": "10"} | dict(profile.options),
            )
        )
    except psycopg2.Error as error:
        raise WarehouseError(
            f"Cannot reach PostgreSQL at {profile.host}:{profile.port}: {explain(error)} "
            f"Check target {profile.target!r} of profiles.yml."
        ) from None
    session.autocommit = True
    return session
