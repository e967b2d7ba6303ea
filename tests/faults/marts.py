"""Hand-made marts that a history changes row by row."""

import copy
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.faults.reading import MARTS
from tests.faults.rows import Maker, Row, columns_of
from tests.support.marts_fixture import KEYS, MartsWarehouse

_START = datetime(2026, 11, 2, tzinfo=UTC)


class HandMade:
    """The rows that the marts should have, and the way to get them there."""

    def __init__(self, marts: MartsWarehouse, dice: Random) -> None:
        self.warehouse, self.dice = marts, dice
        self.make = Maker(dice)
        self.rows: dict[str, list[Row]] = {mart: [] for mart in MARTS}
        self.past: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self._salt = 0
        self._seconds = 0
        self._numbers = 0

    def new_key(self, prefix: str) -> str:
        self._numbers += 1
        return f"{prefix}{self._numbers}"

    def keys(self, mart: str) -> list[str]:
        return sorted({key for row in self.rows[mart] if (key := key_of(row))})

    def stamp(self) -> str | None:
        """Return a row's next `updated_at`: most often later than all others, but not always."""
        latest = datetime.fromisoformat(self.later())
        earlier = latest - timedelta(seconds=self.dice.choice([1, 3_600, 86_400 * 30]))
        future = datetime(2999, 1, 1, tzinfo=UTC)
        weights = (70, 15, 8, 7)
        stamp = self.dice.choices([latest, earlier, None, future], weights)[0]
        return stamp.isoformat() if stamp else None

    def later(self) -> str:
        """Return an `updated_at` as late as the latest one, or later."""
        self._seconds += self.dice.choice([0, 1, 1, 1, 60])
        return (_START + timedelta(seconds=self._seconds)).isoformat()

    def add(self, mart: str, cells: dict[str, Any], updated_at: str | None) -> Row:
        row = Row(mart, cells, updated_at)
        self.rows[mart].append(row)
        self.remember(row)
        return row

    def remember(self, row: Row) -> None:
        """Keep the cells of a row as a state that it may be turned back to."""
        if key := key_of(row):
            self.past[row.mart, key].append(copy.deepcopy(row.cells))

    def rehash(self) -> None:
        """Give every row another hash, as another rule would, and leave the rest alone."""
        self._salt += 1
        self.write((mart, key_of(row)) for mart in MARTS for row in self.rows[mart])

    def write(self, touched: Iterable[tuple[str, str | None]]) -> None:
        """Put the rows of these keys into the warehouse in place of those that are there."""
        statements = self.statements(touched)
        with self.warehouse.connection() as connection:
            if self.warehouse.database is None:
                connection.execute("begin")
            for statement in statements:
                connection.execute(statement)
            if self.warehouse.database is None:
                connection.execute("commit")

    def statements(self, touched: Iterable[tuple[str, str | None]]) -> list[str]:
        """Return the SQL of `write`."""
        keys: dict[str, set[str | None]] = defaultdict(set)
        for mart, key in touched:
            keys[mart].add(key)
        statements = []
        for mart in sorted(keys):
            column = KEYS[mart]
            named = ", ".join(sorted(_literal(key) for key in keys[mart]))
            statements.append(
                f"delete from metrica.{mart} where {column} in ({named})"
                + (f" or {column} is null" if None in keys[mart] else "")
            )
            rows = [self._values(row) for row in self.rows[mart] if key_of(row) in keys[mart]]
            if rows:
                names = ", ".join([*columns_of(mart), "updated_at", "row_hash"])
                statements.append(f"insert into metrica.{mart} ({names}) values {', '.join(rows)}")
        return statements

    def _values(self, row: Row) -> str:
        cells = [row.cells.get(column) for column in columns_of(row.mart)]
        values = (*cells, row.updated_at, row.hash(self._salt))
        return f"({', '.join(map(_literal, values))})"


def key_of(row: Row) -> str | None:
    """Return the row's id, None if it has none."""
    key = row.cells[KEYS[row.mart]]
    return None if key is None else str(key)


def _literal(value: object) -> str:
    return "null" if value is None else "'" + str(value).replace("'", "''") + "'"
