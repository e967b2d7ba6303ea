"""The warehouse, attached to one DuckDB process that also holds the local staging tables.

Both kinds of warehouse are the attached database `wh`, so a query over marts and
ledger is written once, in SQL that PostgreSQL and DuckDB both take.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from typing import Any, TypeVar

import duckdb

from metrica_export.errors import ExportError, SettingsError, WarehouseError
from metrica_export.settings import Staging
from metrica_export.warehouse.attachment import attach
from metrica_export.warehouse.dbt_profile import Postgres, Warehouse
from metrica_export.warehouse.error_text import explain
from metrica_export.warehouse.sql import MARK, array, name, quote

HERE = f"{MARK}wh⟧"
"""Stands before each schema in a query text; `Attached` puts the right prefix in."""

_T = TypeVar("_T")

_BATCH = 1_000
"""Rows that `stream` fetches at once."""

_FEW = 20_000
"""Ids that are looked up one by one."""

LEDGER = f"{HERE}{MARK}ledger⟧"
"""Stands for the ledger's schema in a query text."""


class Attached:
    """An open warehouse. Queries run in DuckDB; `remote` runs one in the warehouse itself."""

    def __init__(
        self, profile: Warehouse, staging: Staging, *, ledger_schema: str, read_only: bool
    ) -> None:
        """Attach the warehouse to a DuckDB in memory, which puts into `staging` what is too much.

        Raises WarehouseError when it cannot be reached, LedgerError when another
        process holds the DuckDB file.
        """
        self.profile, self.ledger_schema = profile, ledger_schema
        self._staging = staging
        self._columns: dict[tuple[str, str], dict[str, str]] = {}
        self._con = duckdb.connect(":memory:")
        settings = {
            "temp_directory": quote(str(staging.folder)),
            "memory_limit": f"'{staging.memory_mb}MB'",
            "preserve_insertion_order": "false",
            "enable_progress_bar": "false",
            # A checkpoint while a run writes its ledger would stop all its sessions.
            "checkpoint_threshold": "'1GB'",
            # Global, so that a session beside this one has it too.
            "global TimeZone": "'UTC'",
        }
        for setting, value in settings.items():
            self._execute(f"set {setting} = {value}")
        attach(self._con, profile, read_only=read_only)

    @property
    def is_postgres(self) -> bool:
        """Whether the warehouse is a PostgreSQL server."""
        return isinstance(self.profile, Postgres)

    def beside(self) -> "Attached":
        """Return another session on the same warehouse and staging tables, for another thread."""
        other = copy(self)
        other._con = self._con.cursor()  # noqa: SLF001 - of the same class
        return other

    @contextmanager
    def one_thread_each(self) -> Iterator[None]:
        """Let each session work on its own processor: several at once waste less than one."""
        self._execute("set threads = 1")
        try:
            yield
        finally:
            self._execute("reset threads")

    def close(self) -> None:
        """Let go of the warehouse and of the staging file."""
        self._con.close()

    def _text(self, sql: str, prefix: str) -> str:
        return sql.replace(LEDGER, f"{prefix}{name(self.ledger_schema)}").replace(HERE, prefix)

    def run(self, sql: str, parameters: list[Any] | None = None) -> None:
        """Execute one statement in DuckDB; errors as in `rows`."""
        self._execute(self._text(sql, "wh."), parameters)

    def rows(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query run in DuckDB; keep the result small.

        Raises WarehouseError with the kind of the failure and without any cell's value.
        """
        return self._execute(self._text(sql, "wh."), parameters)

    def stream(self, sql: str, parameters: list[Any] | None = None) -> Generator[tuple[Any, ...]]:
        """Yield the rows of a query, however many, a few at a time; errors as in `rows`."""
        session = self._con.cursor()
        try:
            found = self._call(lambda: session.execute(self._text(sql, "wh."), parameters))
            while rows := self._call(lambda: found.fetchmany(_BATCH)):
                yield from rows
        finally:
            session.close()

    def row(self, sql: str, parameters: list[Any] | None = None) -> tuple[Any, ...]:
        """Return the one row of a query that always has one."""
        return self.rows(sql, parameters)[0]

    def remote(self, sql: str) -> str:
        """Return a FROM item that evaluates the query where the data is.

        On PostgreSQL the server's planner and indexes do the work, over one connection;
        for whole tables let DuckDB scan in parallel instead.
        """
        if self.is_postgres:
            return f"postgres_query('wh', {quote(self._text(sql, ''))})"
        return f"({self._text(sql, 'wh.')})"

    @property
    def now(self) -> str:
        """SQL for the warehouse's own time, so that times of several machines compare."""
        return f"(select now from {self.remote('select now() as now')})"

    def few(self, ids: str) -> str | None:
        """Return an SQL array of the ids of a query (`_id`) for `remote`; None if there are many.

        Few rows are looked up by an index; to find many, whole tables are read faster.
        """
        distinct = f"select distinct hex(_id) from ({ids}) where _id is not null limit {_FEW + 1}"
        found = [key for (key,) in self.rows(distinct)]
        if len(found) > _FEW:
            return None
        return array(found, postgres=self.is_postgres)

    def command(self, *statements: str) -> None:
        """Execute statements, such as DDL, in the warehouse itself and in its dialect."""
        self._columns.clear()
        if self.is_postgres:
            text = ";\n".join(self._text(statement, "") for statement in statements)
            self._execute(f"call postgres_execute('wh', {quote(text)})")
            return
        self._execute("use wh")
        try:
            for statement in statements:
                self._execute(self._text(statement, ""))
        finally:
            self._execute("use memory")

    def look_again(self) -> None:
        """Forget which schemas and tables there were, after DDL."""
        self._columns.clear()
        if self.is_postgres:
            self._execute("call pg_clear_cache()")

    def has_schema(self, schema: str) -> bool:
        """Return whether the warehouse has a schema."""
        found = self.rows(
            "select 1 from duckdb_schemas() where database_name = 'wh' and schema_name = ?",
            [schema],
        )
        return bool(found)

    def columns(self, schema: str, table: str) -> dict[str, str]:
        """Return name → DuckDB type of a relation's columns, empty if there is none."""
        if not self._columns:
            # All at once: DuckDB lists every relation of the warehouse for each such query.
            for *relation, column, kind in self.rows(
                "select schema_name, table_name, column_name, data_type from duckdb_columns() "
                "where database_name = 'wh'"
            ):
                self._columns.setdefault((relation[0], relation[1]), {})[column] = kind
        return self._columns.get((schema, table), {})

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction over the warehouse: one snapshot to read, all or nothing to write.

        DuckDB lets it write to one database only: the warehouse or the staging tables.
        """
        self._execute("begin")
        try:
            yield
        except BaseException:
            # A server that is gone has rolled back by itself; the first error is the one to tell.
            with suppress(duckdb.Error):
                self._con.rollback()
            raise
        self._execute("commit")

    def _execute(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        return self._call(lambda: self._con.execute(sql, parameters).fetchall())

    def _call(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        except duckdb.Error as error:
            raise self._as_export_error(error) from None
        except RuntimeError as error:
            # A signal's handler that raises while DuckDB works is told in these words.
            if isinstance(error.__cause__, ExportError):
                raise error.__cause__ from None
            raise

    def _as_export_error(self, error: duckdb.Error) -> ExportError:
        text = str(error)
        is_full = "max_temp_directory_size" in text
        if isinstance(error, duckdb.OutOfMemoryException) and not is_full:
            return SettingsError(
                f"The marts need more than the {self._staging.memory_mb} MB of memory that DuckDB "
                "may use: give --memory-mb more. What was sent until now is in the ledger."
            )
        if is_full or str(self._staging.folder) in text:
            return no_room(explain(error))
        advice = ""
        if isinstance(error, duckdb.IOException):
            advice = " Rerun when it can be reached: delivered rows are in the ledger."
        return WarehouseError(f"The warehouse refused a query: {explain(error)}{advice}")


def no_room(why: str) -> SettingsError:
    """Return the error of a folder for staging that takes no more."""
    return SettingsError(
        f"The folder for staging cannot be written: {why} "
        "Give --staging-dir a folder with more room."
    )


def relation(schema: str, table: str) -> str:
    """Return a table of the warehouse as a query names it."""
    return f"{HERE}{name(schema)}.{name(table)}"
