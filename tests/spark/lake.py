"""Iceberg tables in a folder, with a catalog in PostgreSQL, that dbt builds in with Spark."""

import os
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg
from pyiceberg.catalog.sql import SqlCatalog
from pyspark.sql import SparkSession

from tests.support.database import Database

ROOT = Path(__file__).parents[2]
CATALOG = "lake"
LOCAL_MASTER = "local[2]"
_ICEBERG = "jars/iceberg-spark-runtime-3.5_2.12-1.10.2.jar"
_JDBC_DRIVERS = ("/usr/share/java/postgresql.jar",)


@dataclass(frozen=True)
class Outcome:
    """What one dbt command did: the state of each node, its complaints, and the rows of `show`."""

    success: bool
    statuses: dict[str, str]
    complaints: str
    rows: list[tuple[Any, ...]]


@dataclass
class Lake:
    """A catalog and its files; each project of dbt in it has a prefix for its schemas."""

    database: Database
    folder: Path
    master: str = LOCAL_MASTER
    settings: dict[str, str] = field(default_factory=dict)
    """More of Spark's settings."""

    def __post_init__(self) -> None:
        self._has_session = False
        self.catalog = SqlCatalog(
            CATALOG,
            uri=f"postgresql+psycopg2://{_quoted(self.database)}",
            warehouse=f"file://{self.folder}/warehouse",
        )

    def load(self, schema: str, tables: dict[str, pa.Table]) -> None:
        """Replace tables of one schema by these, without Spark."""
        self.catalog.create_namespace_if_not_exists(schema)
        for name, rows in tables.items():
            if self.catalog.table_exists((schema, name)):
                self.catalog.drop_table((schema, name))
            self.catalog.create_table((schema, name), schema=rows.schema).append(rows)
            if self._has_session:
                # The session keeps a table as it has read it for half a minute.
                session = SparkSession.builder.getOrCreate()
                session.sql(f"refresh table {CATALOG}.{schema}.{name}")

    def read(self, schema: str, table: str) -> pa.Table:
        """Return all rows of a table as its newest snapshot has them, without Spark."""
        return self.catalog.load_table((schema, table)).scan().to_arrow()

    def snapshots(self, schema: str, table: str) -> int:
        """Return how many snapshots a table has."""
        return len(self.catalog.load_table((schema, table)).snapshots())

    def profile(self, prefix: str) -> dict[str, Any]:
        """Return the target `spark` of the example with this catalog in it."""
        example = yaml.safe_load((ROOT / "profiles.example.yml").read_text("utf-8"))
        target = example["metrica_crm"]["outputs"]["spark"]
        target |= {"schema": prefix}
        target["server_side_parameters"] |= {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": "2g",
            "spark.sql.shuffle.partitions": "4",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            **self.settings,
        }
        return {"metrica_crm": {"target": "spark", "outputs": {"spark": target}}}

    @property
    def env(self) -> dict[str, str]:
        """The variables that the example profile reads."""
        return {
            "SPARK_MASTER": self.master,
            "SPARK_JARS": f"{iceberg_jar()},{jdbc_driver()}",
            "ICEBERG_CATALOG_URI": (
                f"jdbc:postgresql://{self.database.host}:{self.database.port}/{self.database.name}"
            ),
            "ICEBERG_CATALOG_USER": self.database.user,
            "ICEBERG_CATALOG_PASSWORD": self.database.password,
            "ICEBERG_WAREHOUSE": f"file://{self.folder}/warehouse",
        }

    def dbt(self, prefix: str, project: Path, *args: str, **variables: Any) -> Outcome:
        """Run a dbt command in this process; all commands share one session of Spark."""
        home = self.folder / prefix
        home.mkdir(exist_ok=True)
        (home / "profiles.yml").write_text(yaml.safe_dump(self.profile(prefix)), encoding="utf-8")
        variables = {"crm_schema": f"{prefix}_crm"} | variables
        self._has_session = True
        return run_dbt(home, project, "spark", self.env, *args, **variables)

    def stop(self) -> None:
        """End the session of Spark, and with it the cluster's or the local executors."""
        if self._has_session:
            SparkSession.builder.getOrCreate().stop()
            self._has_session = False


def run_dbt(
    home: Path, project: Path, target: str, env: dict[str, str], *args: str, **variables: Any
) -> Outcome:
    """Run dbt in this process with the profile in `home`."""
    complaints: list[str] = []

    def listen(event: EventMsg) -> None:
        if event.info.level in {"warn", "error"}:
            complaints.append(event.info.msg)  # type: ignore[attr-defined] # it has one

    variables = {"default_calling_code": "7"} | variables
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        result = dbtRunner(callbacks=[listen]).invoke(
            [
                *args,
                *("--project-dir", str(project), "--profiles-dir", str(home), "--target", target),
                *("--target-path", str(home / "target"), "--log-path", str(home / "logs")),
                *("--vars", yaml.safe_dump(variables, sort_keys=True), "--quiet"),
            ]
        )
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if result.exception:
        complaints.append(str(result.exception))
    lines = getattr(result.result, "results", None) or []
    statuses = {line.node.unique_id: str(line.status) for line in lines if line.node}
    shown = [tuple(row) for line in lines[:1] for row in getattr(line.agate_table, "rows", ())]
    return Outcome(result.success, statuses, "\n".join(complaints), shown)


def crm_tables(connection: duckdb.DuckDBPyConnection, schema: str = "crm") -> dict[str, pa.Table]:
    """Return the tables of a schema of DuckDB."""
    connection.execute("set timezone = 'UTC'")
    names = connection.execute(
        "select table_name from duckdb_tables() where schema_name = ?", [schema]
    ).fetchall()
    return {name: connection.sql(f"from {schema}.{name}").to_arrow_table() for (name,) in names}


def iceberg_jar() -> Path:
    """Return Iceberg's runtime for Spark 3.5 and Scala 2.12."""
    return Path(str(files("snowpark_connect_deps_iceberg"))) / _ICEBERG


def jdbc_driver() -> Path:
    """Return PostgreSQL's JDBC driver: Debian's, or that of the variable POSTGRES_JDBC_JAR.

    Raises FileNotFoundError without one.
    """
    for path in (os.environ.get("POSTGRES_JDBC_JAR", ""), *_JDBC_DRIVERS):
        if path and Path(path).is_file():
            return Path(path)
    message = (
        "PostgreSQL's JDBC driver is missing. Run `apt install libpostgresql-jdbc-java`, or set "
        "POSTGRES_JDBC_JAR."
    )
    raise FileNotFoundError(message)


def _quoted(database: Database) -> str:
    login = f"{quote(database.user, safe='')}:{quote(database.password, safe='')}"
    return f"{login}@{database.host}:{database.port}/{database.name}"
