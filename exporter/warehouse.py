"""The warehouse, attached to one DuckDB process that also holds the local staging tables.

Both kinds of warehouse are the attached database `wh`, so a query over marts and
ledger is written once, in SQL that PostgreSQL and DuckDB both take.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb

from exporter.errors import ExportError, LedgerError, SettingsError, WarehouseError
from exporter.explanation import explain
from exporter.profiles import Duckdb, Postgres, Warehouse

HERE = "⟦wh⟧"
"""Stands before each schema in a query text; `Attached` puts the right prefix in."""

_MEMORY = "1GB"
"""What DuckDB keeps in memory of the staged rows, whatever the size of the marts."""

LEDGER = f"{HERE}⟦ledger⟧"
"""Stands for the ledger's schema in a query text."""


class Attached:
    """An open warehouse. Queries run in DuckDB; `remote` runs one in the warehouse itself."""

    def __init__(
        self, profile: Warehouse, staging: Path, *, ledger_schema: str, read_only: bool
    ) -> None:
        """Attach the warehouse to a new DuckDB file in `staging`.

        Raises WarehouseError when it cannot be reached, LedgerError when another
        process holds the DuckDB file.
        """
        self.profile, self.ledger_schema = profile, ledger_schema
        self._staging = staging
        try:
            # In memory, and in the folder what does not fit: a file would be compressed, which
            # costs more than it saves.
            self._con = duckdb.connect(":memory:")
            self._con.execute(f"set temp_directory = {quote(str(staging))}")
        except duckdb.Error as error:
            raise self._as_export_error(error) from None
        self._con.execute(f"set memory_limit = '{_MEMORY}'")
        self._con.execute("set preserve_insertion_order = false")
        self._con.execute("set TimeZone = 'UTC'")
        self._con.execute("set enable_progress_bar = false")
        mode = "read_only" if read_only else "read_write"
        if isinstance(profile, Duckdb):
            self._attach_file(profile, mode)
        else:
            self._attach_server(profile, mode)

    def _attach_file(self, profile: Duckdb, mode: str) -> None:
        if not profile.path.is_file():
            raise WarehouseError(
                f"No warehouse at {profile.path} (target {profile.target!r}): "
                "run `dbt build`, or correct `path` in profiles.yml."
            )
        try:
            self._con.execute(f"attach {quote(str(profile.path))} as wh ({mode})")
        except duckdb.Error as error:
            if "Could not set lock" in str(error):
                raise LedgerError(
                    f"{profile.path} is in use by another process (a run, dbt, or an open "
                    "session): wait until it ends, or close it, and run again."
                ) from None
            raise WarehouseError(f"Cannot open {profile.path}: {explain(error)}") from None

    def _attach_server(self, profile: Postgres, mode: str) -> None:
        self._load_postgres()
        # A secret and not the connection string: the string is repeated in errors.
        try:
            self._con.execute(
                f"create temporary secret wh_login (type postgres, host {quote(profile.host)}, "
                f"port {profile.port}, user {quote(profile.user)}, "
                f"password {quote(profile.password)}, database {quote(profile.dbname)})"
            )
        except duckdb.Error as error:
            # Its text repeats the statement, the password included.
            raise WarehouseError(
                f"Target {profile.target!r} of profiles.yml holds a character that no login "
                f"can have ({type(error).__name__}); check host, user, password and dbname."
            ) from None
        options = dict(profile.options)
        options.setdefault("connect_timeout", "10")
        if profile.role:
            role = profile.role.replace("\\", "\\\\").replace(" ", "\\ ")
            options["options"] = f"-c role={role}"
        text = " ".join(f"{key}={conninfo(value)}" for key, value in options.items())
        try:
            self._con.execute(
                f"attach {quote(text)} as wh (type postgres, secret wh_login, {mode})"
            )
        except duckdb.Error as error:
            raise WarehouseError(
                f"Cannot reach PostgreSQL at {profile.host}:{profile.port}, database "
                f"{profile.dbname!r}, as {profile.user!r}: {explain(error)} "
                f"Check target {profile.target!r} of profiles.yml."
            ) from None

    def _load_postgres(self) -> None:
        wheel = find_spec("duckdb_extension_postgres_scanner")
        try:
            if wheel is not None and wheel.origin is not None:
                folder = Path(wheel.origin).parent / "extensions" / f"v{duckdb.__version__}"
                self._con.execute(
                    f"load {quote(str(folder / 'postgres_scanner.duckdb_extension'))}"
                )
            else:
                self._con.execute("install postgres")
                self._con.execute("load postgres")
        except duckdb.Error as error:
            raise WarehouseError(
                f"DuckDB's postgres extension cannot be loaded: {explain(error)} Install it with "
                f"`pip install duckdb-extension-postgres-scanner=={duckdb.__version__}`."
            ) from None

    @property
    def is_postgres(self) -> bool:
        """Whether the warehouse is a PostgreSQL server."""
        return isinstance(self.profile, Postgres)

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

    def command(self, sql: str) -> None:
        """Execute a statement, such as DDL, in the warehouse itself and in its dialect."""
        if self.is_postgres:
            self._execute(f"call postgres_execute('wh', {quote(self._text(sql, ''))})")
            # DuckDB has looked up the server's schemas already and would miss a new one.
            self._execute("call pg_clear_cache()")
        else:
            self._execute("use wh")
            try:
                self._execute(self._text(sql, ""))
            finally:
                self._execute("use memory")

    def columns(self, schema: str, table: str) -> dict[str, str]:
        """Return name → DuckDB type of a relation's columns, empty if there is none."""
        return dict(
            self.rows(
                "select column_name, data_type from duckdb_columns() "
                "where database_name = 'wh' and schema_name = ? and table_name = ?",
                [schema, table],
            )
        )

    def comment(self, schema: str, table: str) -> str:
        """Return the comment on a table, empty if there is none."""
        query = (
            "select comment from duckdb_tables() "
            f"where database_name = 'wh' and schema_name = {quote(schema)} "
            f"and table_name = {quote(table)}"
        )
        if self.is_postgres:
            relation = quote(f"{name(schema)}.{name(table)}")
            query = self.remote(f"select obj_description(to_regclass({relation})) as comment")
            query = f"select comment from {query}"
        return next((str(row[0]) for row in self.rows(query) if row[0]), "")

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
        try:
            return self._con.execute(sql, parameters).fetchall()
        except duckdb.Error as error:
            raise self._as_export_error(error) from None
        except RuntimeError as error:
            # A signal's handler that raises while DuckDB works is told in these words.
            if isinstance(error.__cause__, ExportError):
                raise error.__cause__ from None
            raise

    def _as_export_error(self, error: duckdb.Error) -> ExportError:
        if str(self._staging) in str(error):
            return SettingsError(
                f"The folder for staging cannot be written: {explain(error)} "
                "Give --staging-dir a folder with more room."
            )
        return WarehouseError(f"The warehouse refused a query: {explain(error)}")


def quote(text: str) -> str:
    """Return an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """Return a quoted SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def relation(schema: str, table: str) -> str:
    """Return a table of the warehouse as a query names it."""
    return f"{HERE}{name(schema)}.{name(table)}"


def conninfo(value: str) -> str:
    """Return a value of a libpq connection string."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
