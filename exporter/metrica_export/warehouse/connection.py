"""The warehouse, attached to a DuckDB process that also has the staging tables.

The database of the ledger is attached as `wh`, so a query over marts and ledger is written once,
in SQL for PostgreSQL and DuckDB. The marts are in it too, or in a database of their own, `marts`,
that this process reads (`own_marts`).
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from typing import Any, TypeVar

import duckdb

from metrica_export.errors import ExportError
from metrica_export.settings import Staging
from metrica_export.warehouse.attachment import attach
from metrica_export.warehouse.dbt_profile import Database, Postgres
from metrica_export.warehouse.error_text import as_export_error
from metrica_export.warehouse.marks import HERE, LEDGER, expand_queries, reads_marts
from metrica_export.warehouse.own_marts import MARTS, OwnMarts
from metrica_export.warehouse.sql import array, name, quote

_T = TypeVar("_T")

_BATCH = 1_000
"""Rows that `stream` fetches at once."""

_FEW = 50_000
"""Maximum number of ids to look up by an index."""

_FEW_WITH_REPEATS = 5 * _FEW
"""Maximum number of rows whose ids are looked up by an index."""


class Attached:
    """An open warehouse. Queries run in DuckDB; `remote` runs one in the warehouse itself."""

    def __init__(
        self,
        profile: Database,
        staging: Staging,
        *,
        ledger_schema: str,
        read_only: bool,
        own_marts: OwnMarts | None = None,
    ) -> None:
        """Attach the ledger's database to a DuckDB in memory, and the marts' one, if it is another.

        `staging` is for rows beyond the memory. Raises WarehouseError if a database cannot be
        reached, LedgerError if another process has the DuckDB file open.
        """
        self.profile, self.ledger_schema = profile, ledger_schema
        self.ledger_is_postgres = isinstance(profile, Postgres)
        # Then DuckDB itself reads the marts, which the ledger's database does not have.
        self.has_own_marts = own_marts is not None
        self._staging, self._own_marts = staging, own_marts
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
        attach(self._con, profile, read_only=read_only, may_be_new=own_marts is not None)
        if own_marts:
            own_marts.attach(self._con)

    @property
    def is_postgres(self) -> bool:
        """Whether a PostgreSQL server has the marts. Joins with the ledger run where they are."""
        return self.ledger_is_postgres and not self.has_own_marts

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
        def nested(query: str) -> str:
            return self.remote(query) if prefix else f"({self._text(query, prefix)})"

        sql = expand_queries(sql, nested)
        sql = sql.replace(LEDGER, f"{prefix}{name(self.ledger_schema)}")
        return sql.replace(HERE, f"{MARTS}." if self.has_own_marts else prefix)

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
        if self.has_own_marts and (LEDGER not in sql or reads_marts(sql)):
            return f"({self._text(sql, 'wh.')})"
        return self.in_ledger(sql)

    def in_ledger(self, sql: str) -> str:
        """Return a FROM item that runs a query without marts in the ledger's database itself."""
        if self.ledger_is_postgres:
            return f"postgres_query('wh', {quote(self._text(sql, ''))})"
        return f"({self._text(sql, 'wh.')})"

    @property
    def now(self) -> str:
        """SQL for the warehouse's time, so that runs on several machines can be compared."""
        return f"(select now from {self.in_ledger('select now() as now')})"

    def few(self, ids: str, *, of_ledger: bool = False) -> str | None:
        """Return the ids (`_id`) of a query as a subquery for `remote`; None if they are many.

        `of_ledger` is for a query of the ledger alone.

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
        is_postgres = self.ledger_is_postgres if of_ledger else self.is_postgres
        return f"(select unnest({array(found, postgres=is_postgres)}))"

    def command(self, *statements: str) -> None:
        """Execute statements in the ledger's database itself, in its dialect."""
        if self.ledger_is_postgres:
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
        if self.ledger_is_postgres:
            self._execute("call pg_clear_cache()")

    def has_schema(self, schema: str) -> bool:
        """Return whether the warehouse has a schema."""
        found = self.rows(
            "select 1 from duckdb_schemas() where database_name = ? and schema_name = ?",
            [self._database(schema), schema],
        )
        return bool(found)

    def columns(self, schema: str, table: str) -> dict[str, str]:
        """Return name → DuckDB type of a relation's columns, empty if there is none."""
        if not self._columns:
            # One query for all: DuckDB lists every relation of the warehouse for each query.
            for database, *relation, column, kind in self.rows(
                "select database_name, schema_name, table_name, column_name, data_type "
                f"from duckdb_columns() where database_name in ('wh', '{MARTS}')"
            ):
                if database == self._database(relation[0]):
                    self._columns.setdefault((relation[0], relation[1]), {})[column] = kind
        return self._columns.get((schema, table), {})

    def _database(self, schema: str) -> str:
        return MARTS if self.has_own_marts and schema != self.ledger_schema else "wh"

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
            lost = self._own_marts and self._own_marts.find_lost(str(error))
            raise lost or as_export_error(error, self._staging) from None
        except RuntimeError as error:
            # DuckDB wraps an exception that a signal's handler raises during a query.
            if isinstance(error.__cause__, ExportError):
                raise error.__cause__ from None
            raise
