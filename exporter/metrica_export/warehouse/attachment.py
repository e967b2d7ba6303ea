"""Attaching databases to a DuckDB process; that of the ledger is `wh`."""

from importlib.util import find_spec
from pathlib import Path

import duckdb

from metrica_export.errors import LedgerError, WarehouseError
from metrica_export.warehouse.dbt_profile import Database, Duckdb, Postgres
from metrica_export.warehouse.error_text import explain
from metrica_export.warehouse.sql import conninfo, quote


def attach(
    con: duckdb.DuckDBPyConnection, profile: Database, *, read_only: bool, may_be_new: bool
) -> None:
    """Attach the database of the ledger. With `may_be_new`, a DuckDB file need not exist yet.

    Raises WarehouseError when it cannot be reached, LedgerError when another process
    holds the DuckDB file.
    """
    mode = "read_only" if read_only else "read_write"
    if isinstance(profile, Duckdb):
        if may_be_new and not profile.path.exists():
            if read_only:
                con.execute("attach ':memory:' as wh")
                return
            _create_file(profile)
        attach_file(con, profile, "wh", mode)
    else:
        _attach_server(con, profile, mode)


def _create_file(profile: Duckdb) -> None:
    try:
        duckdb.connect(profile.path).close()
    except duckdb.Error as error:
        raise WarehouseError(
            f"Cannot create {profile.path} for the ledger: {explain(error)} Check `path` of target "
            f"{profile.target!r} in profiles.yml."
        ) from None


def attach_file(con: duckdb.DuckDBPyConnection, profile: Duckdb, database: str, mode: str) -> None:
    """Attach a DuckDB file under the name of a database. Raises the errors of `attach`."""
    if not profile.path.is_file():
        raise WarehouseError(
            f"No warehouse at {profile.path} (target {profile.target!r}). "
            "Run `dbt build`, or correct `path` in profiles.yml."
        )
    try:
        con.execute(f"attach {quote(str(profile.path))} as {database} ({mode})")
    except duckdb.Error as error:
        if "Could not set lock" in str(error):
            raise LedgerError(
                f"{profile.path} is in use by another process (a run, dbt, or an open "
                "session). Wait until it ends, or close it, and rerun."
            ) from None
        raise WarehouseError(
            f"Cannot open {profile.path}: {explain(error)} Check `path` in profiles.yml."
        ) from None


def _attach_server(con: duckdb.DuckDBPyConnection, profile: Postgres, mode: str) -> None:
    _load_postgres(con)
    # A secret, since errors repeat the connection string.
    try:
        con.execute(
            f"create temporary secret wh_login (type postgres, host {quote(profile.host)}, "
            f"port {profile.port}, user {quote(profile.user)}, "
            f"password {quote(profile.password)}, database {quote(profile.dbname)})"
        )
    except duckdb.Error as error:
        # The text of the error repeats the statement, including the password.
        raise WarehouseError(
            f"Target {profile.target!r} of profiles.yml has a character that no login "
            f"can have ({type(error).__name__}). Check host, user, password and dbname."
        ) from None
    options = dict(profile.options)
    options.setdefault("connect_timeout", "10")
    # DuckDB reads every text as UTF-8, also from a server with another encoding.
    options["client_encoding"] = "UTF8"
    if profile.role:
        role = profile.role.replace("\\", "\\\\").replace(" ", "\\ ")
        options["options"] = f"-c role={role}"
    text = " ".join(f"{key}={conninfo(value)}" for key, value in options.items())
    try:
        con.execute(f"attach {quote(text)} as wh (type postgres, secret wh_login, {mode})")
    except duckdb.Error as error:
        raise WarehouseError(
            f"Cannot reach PostgreSQL at {profile.host}:{profile.port}, database "
            f"{profile.dbname!r}, as {profile.user!r}: {explain(error)} "
            f"Check target {profile.target!r} of profiles.yml."
        ) from None
    _check_backslashes(con, profile)


def _check_backslashes(con: duckdb.DuckDBPyConnection, profile: Postgres) -> None:
    setting = quote("select current_setting('standard_conforming_strings') as setting")
    if con.execute(f"select setting from postgres_query('wh', {setting})").fetchall() != [("on",)]:
        raise WarehouseError(
            "PostgreSQL reads a backslash in a text as an escape, and an id may have one. Run "
            f"`alter role {profile.user} set standard_conforming_strings = on`."
        )


def _load_postgres(con: duckdb.DuckDBPyConnection) -> None:
    wheel = find_spec("duckdb_extension_postgres_scanner")
    try:
        if wheel is not None and wheel.origin is not None:
            folder = Path(wheel.origin).parent / "extensions" / f"v{duckdb.__version__}"
            con.execute(f"load {quote(str(folder / 'postgres_scanner.duckdb_extension'))}")
        else:
            con.execute("install postgres")
            con.execute("load postgres")
    except duckdb.Error as error:
        raise WarehouseError(
            f"DuckDB's postgres extension cannot be loaded: {explain(error)} Install it with "
            f"`pip install duckdb-extension-postgres-scanner=={duckdb.__version__}`."
        ) from None
