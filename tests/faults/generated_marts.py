"""Marts that the campaign generates without dbt and changes row by row."""

import copy
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.faults.readers import MARTS
from tests.faults.row_generator import GeneratedRow, RowGenerator, hashed_columns
from tests.support.marts_fixture import KEYS, MartsWarehouse

RowRef = tuple[str, str | None]
"""The mart and the key of a row; the key is None if the row has no id."""

_START = datetime(2026, 11, 2, tzinfo=UTC)


class GeneratedMarts:
    """The rows of generated marts. `write` copies them to the warehouse.

    `past_cells` holds every version of the cells of each mart and key.
    """

    def __init__(self, warehouse: MartsWarehouse, rng: Random) -> None:
        self.warehouse, self.rng = warehouse, rng
        self.generator = RowGenerator(rng)
        self.rows: dict[str, list[GeneratedRow]] = {mart: [] for mart in MARTS}
        self.past_cells: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self._hash_salt = 0
        self._seconds_passed = 0
        self._last_number = 0

    def new_key(self, prefix: str) -> str:
        self._last_number += 1
        return f"{prefix}{self._last_number}"

    def keys(self, mart: str) -> list[str]:
        return sorted({key for row in self.rows[mart] if (key := row_key(row))})

    def random_updated_at(self) -> str | None:
        """Return an `updated_at`: usually the latest of all, or an old one, a future one, None."""
        latest = datetime.fromisoformat(self.next_updated_at())
        earlier = latest - timedelta(seconds=self.rng.choice([1, 3_600, 86_400 * 30]))
        future = datetime(2999, 1, 1, tzinfo=UTC)
        weights = (70, 15, 8, 7)
        updated_at = self.rng.choices([latest, earlier, None, future], weights)[0]
        return updated_at.isoformat() if updated_at else None

    def next_updated_at(self) -> str:
        """Return an `updated_at` that equals the latest one or is later."""
        self._seconds_passed += self.rng.choice([0, 1, 1, 1, 60])
        return (_START + timedelta(seconds=self._seconds_passed)).isoformat()

    def add(self, mart: str, cells: dict[str, Any], updated_at: str | None) -> GeneratedRow:
        row = GeneratedRow(mart, cells, updated_at)
        self.rows[mart].append(row)
        self.record_cells(row)
        return row

    def record_cells(self, row: GeneratedRow) -> None:
        """Record the cells of a row, so that it can be reverted to them."""
        if key := row_key(row):
            self.past_cells[row.mart, key].append(copy.deepcopy(row.cells))

    def change_hashes(self) -> None:
        """Change every row hash and nothing else, as a changed hash rule does."""
        self._hash_salt += 1
        self.write((mart, row_key(row)) for mart in MARTS for row in self.rows[mart])

    def write(self, row_refs: Iterable[RowRef]) -> None:
        """Replace the rows with these keys in the warehouse."""
        statements = self.write_statements(row_refs)
        with self.warehouse.connection() as connection:
            if self.warehouse.database is None:
                connection.execute("begin")
            for statement in statements:
                connection.execute(statement)
            if self.warehouse.database is None:
                connection.execute("commit")

    def write_statements(self, row_refs: Iterable[RowRef]) -> list[str]:
        """Return the SQL statements of `write`."""
        keys: dict[str, set[str | None]] = defaultdict(set)
        for mart, key in row_refs:
            keys[mart].add(key)
        statements = []
        for mart in sorted(keys):
            column = KEYS[mart]
            literals = ", ".join(sorted(_literal(key) for key in keys[mart]))
            statements.append(
                f"delete from metrica.{mart} where {column} in ({literals})"
                + (f" or {column} is null" if None in keys[mart] else "")
            )
            rows = [self._values(row) for row in self.rows[mart] if row_key(row) in keys[mart]]
            if rows:
                names = ", ".join([*hashed_columns(mart), "updated_at", "row_hash"])
                statements.append(f"insert into metrica.{mart} ({names}) values {', '.join(rows)}")
        return statements

    def _values(self, row: GeneratedRow) -> str:
        cells = [row.cells.get(column) for column in hashed_columns(row.mart)]
        values = (*cells, row.updated_at, row.hash(self._hash_salt))
        return f"({', '.join(map(_literal, values))})"


def row_key(row: GeneratedRow) -> str | None:
    """Return the id of a row; None if it has none."""
    key = row.cells[KEYS[row.mart]]
    return None if key is None else str(key)


def _literal(value: object) -> str:
    return "null" if value is None else "'" + str(value).replace("'", "''") + "'"
