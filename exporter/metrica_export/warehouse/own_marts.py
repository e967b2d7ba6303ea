"""Marts in a database of their own, apart from the ledger's. DuckDB reads them as `marts`."""

from dataclasses import dataclass
from typing import Protocol

import duckdb

from metrica_export.errors import ExportError
from metrica_export.warehouse.attachment import attach_file
from metrica_export.warehouse.dbt_profile import Duckdb

MARTS = "marts"
"""The name of the database in DuckDB."""


class OwnMarts(Protocol):
    """The marts of one target, which stay the same until the command ends."""

    def attach(self, con: duckdb.DuckDBPyConnection) -> None:
        """Attach the database `marts`. Raises WarehouseError or LedgerError."""

    def find_lost(self, text: str) -> ExportError | None:
        """Return the error for an error text of DuckDB that names a lost file of the marts."""


@dataclass(frozen=True, slots=True)
class FileMarts:
    """Marts in a DuckDB file. dbt cannot write to it until the command ends."""

    profile: Duckdb

    def attach(self, con: duckdb.DuckDBPyConnection) -> None:
        """Attach the file. Raises the errors of `attach_file`."""
        attach_file(con, self.profile, MARTS, "read_only")

    def find_lost(self, text: str) -> None:
        """Return None: an open file is not lost."""
