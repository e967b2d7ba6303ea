"""A staging table: its declaration."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StagingTable:
    """A staging table: its one writer, its meaning, and its columns with their DuckDB types."""

    name: str
    writer: str
    meaning: str
    columns: Mapping[str, str] = field(hash=False)
    is_shared: bool = False

    def of(self, mart: str) -> str:
        """Return the table's name for a mart."""
        return self.name if self.is_shared else f"{self.name}_{mart}"

    def create_empty(self, mart: str = "") -> str:
        """Return the statement that creates the table without rows."""
        columns = ", ".join(f"{column} {kind}" for column, kind in self.columns.items())
        return f"create or replace table {self.of(mart)} ({columns})"


VERDICT = {
    "_id": "text",
    "_hash": "text",
    "_state": "text",
    "_column": "text",
    "_reason": "text",
    "_detail": "text",
    "_since": "bigint",
}
"""The columns of a verdict."""
