"""Snapshots of Iceberg tables, which pyiceberg finds in a process of its own.

pyiceberg and its libraries take 100 MB, and the run needs only the names of the files.
"""

import pickle
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from metrica_export.errors import ExportError, SettingsError, WarehouseError
from metrica_export.warehouse.iceberg_profile import Iceberg
from metrica_export.warehouse.sql import name, quote

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

Relation = tuple[str, str]
"""A schema and a table."""

_READS = 5
"""Maximum number of reads of the catalog. A commit during a read makes it start again."""

_TYPES = {
    "boolean": "BOOLEAN",
    "int": "INTEGER",
    "long": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "string": "VARCHAR",
    "uuid": "UUID",
}
"""DuckDB's types of Iceberg's types, without that of decimals."""

_DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The data files of a table in one snapshot, and its columns: field id, name, DuckDB's type."""

    relation: Relation
    number: int | None
    files: tuple[str, ...]
    columns: tuple[tuple[int, str, str], ...]

    @property
    def label(self) -> str:
        """The table's name for users."""
        return ".".join(self.relation)

    def query(self) -> str:
        """Return a query of the rows.

        Columns are found by their field ids, so a file from before a change of the table's columns
        is read as Iceberg defines it.
        """
        if not self.files:
            nulls = ", ".join(f"cast(null as {kind}) as {name(c)}" for _, c, kind in self.columns)
            return f"select {nulls} where false"
        schema = ", ".join(
            f"{number}: {{name: {quote(column)}, type: {quote(kind)}, default_value: null}}"
            for number, column, kind in self.columns
        )
        files = ", ".join(map(quote, self.files))
        # A folder's name, such as `day=2026-01-01`, is no column.
        return (
            f"select * from read_parquet([{files}], schema = map {{{schema}}}, "
            "hive_partitioning = false)"
        )

    def expired(self) -> WarehouseError:
        """Return the error for a lost file."""
        return _expired(self.label, self.number)


def _expired(label: str, number: int | None) -> WarehouseError:
    return WarehouseError(
        f"A file of {label}, snapshot {number}, is gone: the snapshot was expired, or the table "
        "was dropped. Keep snapshots for longer than a run takes (`older_than` of "
        "`expire_snapshots`), and rerun. Delivered rows are in the ledger."
    )


def _unreadable(label: str, error: Exception) -> WarehouseError:
    return WarehouseError(
        f"Cannot read the metadata of table {label} ({type(error).__name__}). Check that the "
        "folder of the warehouse is mounted here at the path that Spark uses, and that its files "
        "are readable and complete."
    )


def read_snapshots(profile: Iceberg, relations: Sequence[Relation]) -> list[Snapshot]:
    """Return the result of `pin`, from a process that has ended. Raises its errors.

    Raises WarehouseError for a process that ended without an answer.
    """
    process = subprocess.run(
        [sys.executable, "-P", "-c", f"from {__name__} import answer; answer()"],
        input=pickle.dumps((profile, relations)),
        stdout=subprocess.PIPE,
        check=False,
        # Ctrl-C is answered here; this process is killed then, without a traceback of its own.
        start_new_session=True,
    )
    if process.returncode:
        cure = "Rerun."
        if process.returncode == -signal.SIGKILL:
            cure = "The machine probably ran out of memory: free 150 MB and rerun."
        raise WarehouseError(
            f"The process that reads the Iceberg catalog {profile.catalog!r} ended with code "
            f"{process.returncode}. {cure}"
        )
    found: list[Snapshot] | ExportError = pickle.loads(process.stdout)  # noqa: S301 - its answer
    if isinstance(found, ExportError):
        raise found
    return found


def pin(profile: Iceberg, relations: Sequence[Relation]) -> list[Snapshot]:
    """Return snapshots that were the present ones at the same moment.

    A table that the catalog does not have is left out. Raises SettingsError without pyiceberg.
    Raises WarehouseError for an unreachable catalog, and for a table that cannot be read.
    """
    if find_spec("pyiceberg") is None:
        raise SettingsError(
            f"Target {profile.target!r} is of type spark, whose Iceberg tables need pyiceberg. "
            "Install it with `pip install 'metrica-crm-export[iceberg]'`."
        )
    from pyiceberg.catalog.sql import SqlCatalog  # noqa: PLC0415 - an extra
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - the same

    try:
        with SqlCatalog(
            profile.catalog,
            uri=profile.uri,
            warehouse=profile.warehouse,
            # They belong to Spark. A wrong database must not get tables.
            init_catalog_tables="false",
        ) as catalog:
            for _ in range(_READS):
                tables = dict(_load(catalog, relations))
                snapshots = [_snapshot(each, table) for each, table in tables.items()]
                if _numbers(tables) == _numbers(dict(_load(catalog, relations))):
                    return snapshots
    except (SQLAlchemyError, ImportError, ValueError) as error:
        # A ValueError is an unreadable address, or an answer in another encoding. The text of an
        # error repeats the query, and may repeat the address with the password.
        raise WarehouseError(
            f"Cannot read the Iceberg catalog {profile.catalog!r} at {profile.place} "
            f"({type(error).__name__}). Check target {profile.target!r} of profiles.yml: uri, "
            "jdbc.user and jdbc.password of the catalog."
        ) from None
    raise WarehouseError(
        f"The marts changed during all {_READS} reads of the catalog. Wait for dbt to finish and "
        "rerun."
    )


def _load(catalog: "Catalog", relations: Iterable[Relation]) -> Iterable[tuple[Relation, "Table"]]:
    from pyiceberg.exceptions import NoSuchTableError  # noqa: PLC0415 - an extra
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - the same

    for relation in relations:
        try:
            yield relation, catalog.load_table(relation)
        except NoSuchTableError:
            continue
        except (SQLAlchemyError, ImportError):
            raise
        except Exception as error:  # noqa: BLE001 - pyiceberg's errors have no class of their own
            raise _unreadable(".".join(relation), error) from None


def _numbers(tables: dict[Relation, "Table"]) -> dict[Relation, int | None]:
    return {each: _number(table) for each, table in tables.items()}


def _number(table: "Table") -> int | None:
    snapshot = table.current_snapshot()
    return None if snapshot is None else snapshot.snapshot_id


def _snapshot(relation: Relation, table: "Table") -> Snapshot:
    label, number = ".".join(relation), _number(table)
    columns = tuple(
        (each.field_id, each.name, _type(label, each.name, each.field_type))
        # As Spark reads a table without time travel: an older snapshot with the present columns.
        for each in table.schema().fields
    )
    try:
        tasks = [] if number is None else list(table.scan(snapshot_id=number).plan_files())
    except FileNotFoundError:
        raise _expired(label, number) from None
    except Exception as error:  # noqa: BLE001 - as in `_load`
        raise _unreadable(label, error) from None
    if any(task.delete_files for task in tasks):
        raise WarehouseError(
            f"Table {label} has delete files, which DuckDB does not apply. Set its properties "
            "`write.delete.mode`, `write.update.mode` and `write.merge.mode` to `copy-on-write`, "
            "and rebuild it with `dbt build --full-refresh`."
        )
    return Snapshot(relation, number, tuple(_path(label, t.file) for t in tasks), columns)


def _type(label: str, column: str, kind: object) -> str:
    if decimal := _DECIMAL.fullmatch(str(kind)):
        return f"DECIMAL({decimal[1]},{decimal[2]})"
    if str(kind) not in _TYPES:
        raise WarehouseError(
            f"Table {label}: column {column} has type {kind}, which the exporter does not read. "
            "Cast it to string in the model and run `dbt build --full-refresh`."
        )
    return _TYPES[str(kind)]


def _path(label: str, file: Any) -> str:  # noqa: ANN401 - pyiceberg's DataFile
    scheme, colon, rest = str(file.file_path).partition(":")
    if not colon or "/" in scheme:
        return str(file.file_path)
    if scheme != "file":
        raise WarehouseError(
            f"The files of {label} are at {scheme}://, but the exporter reads files of a mounted "
            "folder only. Mount the storage and use its path as the catalog's `warehouse`."
        )
    # Both file:/path and file:///path.
    return f"/{rest.lstrip('/')}"


def answer() -> None:
    """Write the answer to `read_snapshots` to standard output."""
    profile, relations = pickle.load(sys.stdin.buffer)  # noqa: S301 - of the parent process
    try:
        found: list[Snapshot] | ExportError = pin(profile, relations)
    except ExportError as error:
        found = error
    sys.stdout.buffer.write(pickle.dumps(found))
