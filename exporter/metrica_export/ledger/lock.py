"""The lock that allows one run at a time for a counter on one warehouse."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2.extensions import connection, make_dsn

from metrica_export.errors import LedgerError, WarehouseError
from metrica_export.warehouse.dbt_profile import Database, Duckdb, Postgres
from metrica_export.warehouse.error_text import explain

_NAMESPACE = 0x4D43
"""The first number of these advisory locks, which other programs should not use."""


@contextmanager
def run_lock(profile: Database, counter_id: int) -> Iterator[Callable[[], None]]:
    """Hold the run's lock; yield a check that raises LedgerError once the lock is lost.

    On PostgreSQL the lock belongs to one transaction that stays open, so a pooler cannot give
    its connection to another client, and the server frees it when the process dies. The
    operating system locks a DuckDB file as long as it is attached.
    Raises LedgerError if another run holds the lock, WarehouseError if it cannot be taken.
    """
    if isinstance(profile, Duckdb):
        yield lambda: None
        return
    # An advisory lock has two integers: the namespace, and the counter folded into 32 bits.
    held = _Held(profile, f"metrica-export {counter_id}", counter_id % 2**31)
    try:
        if not held.take("pg_try_advisory_xact_lock"):
            raise LedgerError(
                f"Another run for counter {counter_id} is at work on this warehouse. Wait until it "
                "ends. pg_stat_activity lists its session as "
                f"'metrica-export {counter_id}'."
            )
        held.check()
        yield held.check
    finally:
        held.close()


@contextmanager
def ledger_lock(profile: Database) -> Iterator[None]:
    """Wait until no other run of any counter creates the ledger's tables or views."""
    if isinstance(profile, Duckdb):
        yield
        return
    # No counter has a negative number.
    held = _Held(profile, "metrica-export ledger", -1)
    try:
        held.take("pg_advisory_xact_lock")
        yield
    finally:
        held.close()


class _Held:
    """An advisory lock, and the open transaction that it belongs to."""

    def __init__(self, profile: Postgres, application_name: str, number: int) -> None:
        self._number, self._backend = number, 0
        self._session = _open(profile, application_name)

    def take(self, function: str) -> bool:
        """Take the lock by a function of PostgreSQL; False if another session holds it."""
        settings = ["idle_in_transaction_session_timeout"]
        if self._session.server_version >= _WITH_TRANSACTION_TIMEOUT:
            settings.append("transaction_timeout")
        try:
            with self._session.cursor() as cursor:
                for setting in settings:
                    cursor.execute(f"set local {setting} = 0")
                cursor.execute(f"select pg_backend_pid(), {function}({_NAMESPACE}, {self._number})")
                self._backend, taken = cursor.fetchone() or (0, False)
        except psycopg2.Error as error:
            raise WarehouseError(
                f"The run's lock cannot be taken on PostgreSQL: {explain(error)} It needs a "
                "transaction that stays open. Raise the role's lock_timeout and "
                "statement_timeout, or connect without a pooler in statement mode."
            ) from None
        return taken is not False

    def check(self) -> None:
        """Raise LedgerError unless this session's backend holds the lock in its transaction."""
        try:
            with self._session.cursor() as cursor:
                cursor.execute(_HOLDERS, {"namespace": _NAMESPACE, "number": self._number})
                holds = cursor.fetchall() == [(self._backend,)]
        except psycopg2.Error as error:
            raise LedgerError(f"The run's lock is lost: {explain(error)} {_STOPS}") from None
        if not holds:
            raise LedgerError(
                "The run's lock is lost: a pooler gave its connection to another client, or "
                f"another session freed it. {_STOPS}"
            )

    def close(self) -> None:
        """Free the lock."""
        self._session.close()


_HOLDERS = """
select pid from pg_locks
where pid = pg_backend_pid() and locktype = 'advisory' and granted and objsubid = 2
    and database = (select oid from pg_database where datname = current_database())
    and classid = %(namespace)s and objid = %(number)s
"""

_STOPS = "Another run may have started, so this run stops. Rerun."

_WITH_TRANSACTION_TIMEOUT = 170_000


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
    # At this level an idle transaction has no snapshot, so it does not delay vacuum.
    session.set_session(isolation_level="READ COMMITTED")
    return session
