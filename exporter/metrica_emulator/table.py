"""Tables of contacts and orders: reading and writing of entity states in SQLite."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from metrica_export.metrica.formats import CONTACTS, Entity

from metrica_emulator.entities import JSON_KINDS, SIMPLE_ORDERS
from metrica_emulator.stage import Values

ENCODE = json.JSONEncoder(ensure_ascii=False).encode
"""Encode a value as JSON that a person can read in the state file."""


@dataclass(frozen=True, slots=True)
class Table:
    """The table of one entity.

    A state maps attributes to values, without nulls. Custom attributes share the column
    `custom`.
    """

    name: str
    key: str
    columns: tuple[str, ...]
    as_json: tuple[bool, ...]

    @classmethod
    def of(cls, entity: Entity) -> Self:
        """Return the table of contacts, orders or simple orders."""
        json_names = {column.name for column in entity.columns if column.kind in JSON_KINDS}
        names = [column.name for column in entity.columns]
        if entity is SIMPLE_ORDERS:
            names.append("number")
        if entity is not CONTACTS:
            names += ["status_type", "first_paid_at"]
        return cls(entity.name, entity.key, tuple(names), tuple(n in json_names for n in names))

    def load(self, connection: sqlite3.Connection, keys: set[str]) -> dict[str, Values]:
        """Return the stored states of these keys."""
        marks = ",".join("?" * len(keys))
        key_at = self.columns.index(self.key)
        rows = connection.execute(
            f"select {', '.join(self.columns)}, custom from {self.name}"
            f" where {self.key} in ({marks})",
            tuple(keys),
        )
        return {row[key_at]: self._state(tuple(row)) for row in rows}

    def load_all(self, connection: sqlite3.Connection) -> Iterator[Values]:
        """Yield every stored state, by key."""
        names = ", ".join(self.columns)
        for row in connection.execute(f"select {names}, custom from {self.name} order by 1"):
            yield self._state(tuple(row))

    def save(
        self, connection: sqlite3.Connection, states: Iterable[Values], upload_id: str
    ) -> None:
        """Insert the states, or replace the stored states of their keys."""
        names = (*self.columns, "custom", "uploading_id")
        marks = ", ".join("?" * len(names))
        updates = ", ".join(f"{name} = excluded.{name}" for name in names)
        connection.executemany(
            f"insert into {self.name} ({', '.join(names)}) values ({marks})"
            f" on conflict ({self.key}) do update set {updates}",
            self._rows(states, upload_id),
        )

    def _state(self, row: tuple[Any, ...]) -> Values:
        *cells, custom = row
        state = {
            name: json.loads(cell) if as_json else cell
            for name, cell, as_json in zip(self.columns, cells, self.as_json, strict=True)
            if cell is not None
        }
        return state | json.loads(custom) if custom else state

    def _rows(self, states: Iterable[Values], upload_id: str) -> Iterator[tuple[Any, ...]]:
        own = frozenset(self.columns)
        columns = list(zip(self.columns, self.as_json, strict=True))
        for state in states:
            cells = [
                ENCODE(state[name]) if as_json and name in state else state.get(name)
                for name, as_json in columns
            ]
            custom = {name: state[name] for name in state if name not in own}
            yield (*cells, ENCODE(custom) if custom else None, upload_id)
