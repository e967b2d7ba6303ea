"""Marts in Iceberg tables. Each is pinned to its present snapshot until the command ends.

pyiceberg finds the data files of the snapshots, and DuckDB reads them. No file of a snapshot ever
changes, so every query of the command sees the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from metrica_export.errors import ExportError, WarehouseError
from metrica_export.warehouse.iceberg_profile import Iceberg
from metrica_export.warehouse.iceberg_snapshots import Relation, Snapshot, read_snapshots
from metrica_export.warehouse.own_marts import MARTS
from metrica_export.warehouse.sql import name


@dataclass(slots=True)
class IcebergMarts:
    """The marts of a target of Spark, and the other tables that dbt built for the exporter."""

    profile: Iceberg
    relations: Sequence[Relation]
    snapshots: list[Snapshot] = field(default_factory=list)

    def attach(self, con: duckdb.DuckDBPyConnection) -> None:
        """Pin the tables to their snapshots. A table that the catalog does not have is left out.

        Raises the errors of `pin`.
        """
        self.snapshots = read_snapshots(self.profile, self.relations)
        con.execute(f"attach ':memory:' as {MARTS}")
        for each in self.snapshots:
            schema = f"{MARTS}.{name(each.relation[0])}"
            con.execute(f"create schema if not exists {schema}")
            try:
                con.execute(f"create view {schema}.{name(each.relation[1])} as {each.query()}")
            except duckdb.Error as error:
                raise self.find_lost(str(error)) or WarehouseError(
                    f"Cannot read the files of {each.label}, snapshot {each.number} "
                    f"({type(error).__name__}). Check that this user may read them. If they are "
                    "not Parquet files of an Iceberg writer, rebuild the table with "
                    "`dbt build --full-refresh`."
                ) from None

    def find_lost(self, text: str) -> ExportError | None:
        """Return the error for a text of DuckDB that names a lost file of a snapshot."""
        for each in self.snapshots:
            # A file that is still there has another problem, such as a missing right.
            if any(file in text and not Path(file).exists() for file in each.files):
                return each.expired()
        return None
