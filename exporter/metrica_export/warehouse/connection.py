"""The warehouse, attached to a DuckDB process that also has the staging tables.

Both kinds of warehouse are attached as database `wh`, so a query over marts and ledger is
written once, in SQL for PostgreSQL and DuckDB.
"""

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from typing import Any, TypeVar

import duckdb

from metrica_export.errors import ExportError, SettingsError, WarehouseError
from metrica_export.settings import Staging
from metrica_export.warehouse.attachment import attach
from metrica_export.warehouse.dbt_profile import Postgres, Warehouse
from metrica_export.warehouse.error_text import explain, no_room
from metrica_export.warehouse.sql import MARK, QUERY_MARK, array, name, quote

HERE = f"{MARK}wh⟧"
"""The mark before each schema in a query text; `Attached` replaces it with the prefix."""

_T = TypeVar("_T")

_BATCH = 1_000
"""Rows that `stream` fetches at once."""

_FEW = 50_000
"""Maximum number of ids to look up by an index."""

_FEW_WITH_REPEATS = 5 * _FEW
"""Maximum number of rows whose ids are looked up by an index."""

LEDGER = f"{HERE}{MARK}ledger⟧"
"""The mark for the ledger's schema in a query text."""


class Attached:
    """An open warehouse. Queries run in DuckDB; `remote` runs one in the warehouse itself."""

    def __init__(
        self, profile: Warehouse, staging: Staging, *, ledger_schema: str, read_only: bool
    ) -> None:
        """Attach the warehouse to a DuckDB in memory, with `staging` for rows beyond its memory.

        Raises WarehouseError if it cannot be reached, LedgerError if another process has the
        DuckDB file open.
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
            # A checkpoint during a run would stop all of its sessions.
            "checkpoint_threshold": "'1GB'",
            # Global, so that later sessions have it too.
            "global TimeZone": "'UTC'",
        }
        for setting, value in settings.items():
            self._execute(f"set {setting} = {value}")
        attach(self._con, profile, read_only=read_only)

    @property
    def is_postgres(self) -> bool:
        """Whether the warehouse is a PostgreSQL server."""
        return isinstance(self.profile, Postgres)

    def new_session(self) -> "Attached":
        """Return another session on this warehouse and its staging tables, for another thread."""
        other = copy(self)
        other._con = self._con.cursor()  # noqa: SLF001 - of the same class
        return other

    @contextmanager
    def one_thread_each(self) -> Iterator[None]:
        """Limit each session to one thread: parallel sessions use the processors better."""
        self._execute("set threads = 1")
        try:
            yield
        finally:
            self._execute("reset threads")

    def close(self) -> None:
        """Detach the warehouse and drop the staging tables."""
        self._con.close()

    def _text(self, sql: str, prefix: str) -> str:
        def nested(mark: re.Match[str]) -> str:
            query = bytes.fromhex(mark[1]).decode()
            return self.remote(query) if prefix else f"({self._text(query, prefix)})"

        sql = QUERY_MARK.sub(nested, sql)
        return sql.replace(LEDGER, f"{prefix}{name(self.ledger_schema)}").replace(HERE, prefix)

    def run(self, sql: str, parameters: list[Any] | None = None) -> None:
        """Execute one statement in DuckDB. Raises the errors of `rows`."""
        self._execute(self._text(sql, "wh."), parameters)

    def rows(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query in DuckDB, which must be few.

        Raises WarehouseError with the kind of failure and without any cell's value.
        """
        return self._execute(self._text(sql, "wh."), parameters)

    def stream(self, sql: str, parameters: list[Any] | None = None) -> Generator[tuple[Any, ...]]:
        """Yield the rows of a query of any size in batches. Raises the errors of `rows`."""
        session = self._con.cursor()
        try:
            found = self._call(lambda: session.execute(self._text(sql, "wh."), parameters))
            while rows := self._call(lambda: found.fetchmany(_BATCH)):
                yield from rows
        finally:
            session.close()

    def row(self, sql: str, parameters: list[Any] | None = None) -> tuple[Any, ...]:
        """Return the row of a query that always has exactly one row."""
        return self.rows(sql, parameters)[0]

    def remote(self, sql: str) -> str:
        """Return a FROM item that runs the query in the warehouse itself.

        On PostgreSQL the server's planner and indexes do the work, over one connection. A scan by
        DuckDB reads whole tables in parallel and is faster for them.
        """
        if self.is_postgres:
            return f"postgres_query('wh', {quote(self._text(sql, ''))})"
        return f"({self._text(sql, 'wh.')})"

    @property
    def now(self) -> str:
        """SQL for the warehouse's time, so that runs on several machines can be compared."""
        return f"(select now from {self.remote('select now() as now')})"

    def few(self, ids: str) -> str | None:
        """Return the ids (`_id`) of a query as a subquery for `remote`; None if they are many.

        `id in` this subquery is a hash or an index lookup. PostgreSQL would compute an array again
        for each row. For many rows a scan of the whole table is faster.
        """
        # Limited first: to find the distinct ones among the ids of a first export takes long.
        distinct = (
            f"with limited as materialized (select _id from ({ids}) where _id is not null "
            f"limit {_FEW_WITH_REPEATS + 1}) select distinct hex(_id), "
            f"(select count(*) from limited) <= {_FEW_WITH_REPEATS} from limited limit {_FEW + 1}"
        )
        rows = self.rows(distinct)
        if len(rows) > _FEW or not all(are_all for _, are_all in rows):
            return None
        found = [key for key, _ in rows]
        return f"(select unnest({array(found, postgres=self.is_postgres)}))"

    def command(self, *statements: str) -> None:
        """Execute statements in the warehouse itself, in its dialect."""
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

    def refresh_catalog(self) -> None:
        """Drop the cached list of schemas and tables, after DDL."""
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
            # One query for all: DuckDB lists every relation of the warehouse for each query.
            for *relation, column, kind in self.rows(
                "select schema_name, table_name, column_name, data_type from duckdb_columns() "
                "where database_name = 'wh'"
            ):
                self._columns.setdefault((relation[0], relation[1]), {})[column] = kind
        return self._columns.get((schema, table), {})

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a transaction: one snapshot for reads, and all or nothing for writes.

        It can write to one database only: the warehouse or the staging tables.
        """
        self._execute("begin")
        try:
            yield
        except BaseException:
            # A lost server has rolled back by itself, and the first error is the one to report.
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
            # DuckDB wraps an exception that a signal's handler raises during a query.
            if isinstance(error.__cause__, ExportError):
                raise error.__cause__ from None
            raise

    def _as_export_error(self, error: duckdb.Error) -> ExportError:
        text = str(error)
        is_full = "max_temp_directory_size" in text
        if isinstance(error, duckdb.OutOfMemoryException) and not is_full:
            return SettingsError(
                f"The marts need more than the {self._staging.memory_mb} MB of memory that DuckDB "
                "may use. Raise --memory-mb and rerun. Delivered rows are in the ledger."
            )
        if is_full or str(self._staging.folder) in text:
            return no_room(explain(error))
        advice = ""
        if isinstance(error, duckdb.IOException):
            advice = " Check the warehouse and rerun. Delivered rows are in the ledger."
        return WarehouseError(f"The warehouse refused a query: {explain(error)}{advice}")


def relation(schema: str, table: str) -> str:
    """Return the quoted name of a warehouse table in a query text."""
    return f"{HERE}{name(schema)}.{name(table)}"
