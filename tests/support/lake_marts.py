"""Marts made by hand in Iceberg tables, as Spark leaves them, with the ledger in a database.

The tests change the marts in a DuckDB file. Each change is then written to Iceberg tables by
pyiceberg, whose catalog is in SQLite, or in the PostgreSQL database of the ledger.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table
from sqlalchemy import URL

from tests.support.database import Database
from tests.support.marts_fixture import MartsWarehouse, make_marts

ICEBERG = "iceberg"
"""The kind of such a warehouse."""

LEDGER = "ledger"
"""The target with the ledger's database."""

_LEDGER_SCHEMA = "metrica_export"
_TABLES = (
    "select schema_name || '.' || table_name from duckdb_tables() "
    "where database_name = current_database() and schema_name in ('metrica', 'metrica_work')"
)


@dataclass(frozen=True)
class LakeMarts(MartsWarehouse):
    """Marts whose rows are in Iceberg tables, and a ledger elsewhere."""

    written: dict[str, pa.Table] = field(default_factory=dict)

    ledger: ClassVar[str | None] = LEDGER

    @property
    def flags(self) -> list[str]:
        """The exporter's flags for this warehouse."""
        return [*super().flags, "--ledger", LEDGER]

    @property
    def lake(self) -> Path:
        """The folder of the tables."""
        return self.folder / "lake"

    @contextmanager
    def connection(self) -> Iterator[Any]:
        """Open the marts' file; at the end its changes are committed to the Iceberg tables."""
        made = MartsWarehouse(self.folder, None)
        with made.connection() as connection:
            yield connection
            self._write(connection)

    @contextmanager
    def ledger_connection(self) -> Iterator[Any]:
        """Open a connection to the ledger."""
        if self.database is not None:
            with MartsWarehouse(self.folder, self.database).connection() as ledger:
                yield ledger
            return
        with duckdb.connect(self.folder / "ledger.duckdb") as ledger:
            ledger.execute("set TimeZone = 'UTC'")
            yield ledger

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Run SQL over the ledger or over the marts; return its rows, if it has any."""
        if _LEDGER_SCHEMA not in query:
            return super().sql(query)
        with self.ledger_connection() as ledger:
            ledger.execute(query)
            return ledger.fetchall() if ledger.description else []

    def catalog(self) -> SqlCatalog:
        """Open the catalog, as another program would."""
        uri = f"sqlite:///{self.lake}/catalog.db"
        if self.database is not None:
            uri = URL.create(
                "postgresql+psycopg2",
                self.database.user,
                self.database.password,
                self.database.host,
                self.database.port,
                self.database.name,
            ).render_as_string(hide_password=False)
        return SqlCatalog("lake", uri=uri, warehouse=f"file://{self.lake}")

    def table(self, relation: str) -> Table:
        """Load a table in its present state."""
        with self.catalog() as catalog:
            return catalog.load_table(relation)

    def append(self, relation: str, rows: pa.RecordBatch) -> None:
        """Commit more rows to a table, past the file of DuckDB."""
        with self.catalog() as catalog:
            catalog.load_table(relation).append(pa.Table.from_batches([rows]))

    def _write(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("set TimeZone = 'UTC'")
        for (relation,) in connection.execute(_TABLES).fetchall():
            rows = connection.execute(f"from {relation}").to_arrow_table()
            if relation not in self.written or not rows.equals(self.written[relation]):
                self._commit(relation, rows)
                self.written[relation] = rows

    def _commit(self, relation: str, rows: pa.Table) -> None:
        with self.catalog() as catalog:
            catalog.create_namespace_if_not_exists(relation.partition(".")[0])
            try:
                table = catalog.load_table(relation)
            except NoSuchTableError:
                table = catalog.create_table(relation, schema=rows.schema)
            if table.schema().as_arrow().names != rows.schema.names:
                catalog.drop_table(relation)
                table = catalog.create_table(relation, schema=rows.schema)
            with table.transaction() as change:
                if table.current_snapshot() is not None:
                    change.delete("true")
                if rows.num_rows:
                    change.append(rows)


def make_lake(folder: Path, database: Database | None) -> LakeMarts:
    """Make empty marts in Iceberg tables; the ledger is in the database, or in a DuckDB file."""
    make_marts(folder, None)
    made = LakeMarts(folder, database)
    made.lake.mkdir()
    with made.connection():
        pass
    file = folder / "target" / "manifest.json"
    # The type of the adapter, and the name of the target.
    file.write_text(file.read_text().replace('"duckdb"', '"spark"'))
    uri = f"jdbc:sqlite:{made.lake}/catalog.db"
    ledger: dict[str, Any] = {"type": "duckdb", "path": str(folder / "ledger.duckdb")}
    login = {}
    if database is not None:
        uri = f"jdbc:postgresql://{database.host}:{database.port}/{database.name}"
        login = {"user": database.user, "password": database.password}
        ledger = database.dbt_target
    prefix = "spark.sql.catalog.lake"
    spark = {
        "type": "spark",
        "method": "session",
        "host": "NA",
        "schema": "default",
        "server_side_parameters": {
            "spark.sql.defaultCatalog": "lake",
            prefix: "org.apache.iceberg.spark.SparkCatalog",
            f"{prefix}.type": "jdbc",
            f"{prefix}.uri": uri,
            f"{prefix}.warehouse": f"file://{made.lake}",
            **{f"{prefix}.jdbc.{key}": value for key, value in login.items()},
        },
    }
    profiles = {"crm": {"target": "spark", "outputs": {"spark": spark, LEDGER: ledger}}}
    (folder / "profiles.yml").write_text(json.dumps(profiles))
    return made
