"""Compare tables of two engines, by means that share nothing with the models."""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

_SHOWN = 3


@dataclass(frozen=True)
class Difference:
    """Some of the rows that only one engine has, and the columns with unequal types."""

    rows: int
    only_duckdb: list[tuple[object, ...]]
    only_spark: list[tuple[object, ...]]
    types: dict[str, tuple[str, str]]

    @property
    def is_none(self) -> bool:
        return not (self.only_duckdb or self.only_spark or self.types)


def difference(file: Path, table: str, iceberg: pa.Table, columns: str = "*") -> Difference:
    """Compare a table of a DuckDB file, and how often each row occurs, with pyiceberg's rows."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{file}' as warehouse (read_only)")
        connection.register("iceberg", iceberg)
        duckdb_rows = connection.sql(f"select {columns} from warehouse.{table}")
        names = ", ".join(duckdb_rows.columns)
        of_duckdb, of_spark = (
            f"select {names} from warehouse.{table}",
            f"select {names} from iceberg",
        )
        return Difference(
            len(duckdb_rows),
            connection.sql(f"{of_duckdb} except all {of_spark} limit {_SHOWN}").fetchall(),
            connection.sql(f"{of_spark} except all {of_duckdb} limit {_SHOWN}").fetchall(),
            _unequal_types(duckdb_rows, connection.sql(f"select {columns} from iceberg")),
        )


def _unequal_types(
    first: duckdb.DuckDBPyRelation, second: duckdb.DuckDBPyRelation
) -> dict[str, tuple[str, str]]:
    types = [
        {name: str(type_) for name, type_ in zip(side.columns, side.types, strict=True)}
        for side in (first, second)
    ]
    return {
        name: (types[0].get(name, "missing"), types[1].get(name, "missing"))
        for name in {**types[0], **types[1]}
        if types[0].get(name) != types[1].get(name)
    }
