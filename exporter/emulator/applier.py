"""An upload's rows, applied to what the counter holds."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from exporter.emulator.columns import JSON_KINDS, SIMPLE_ORDERS
from exporter.emulator.merge import MergeMode
from exporter.emulator.orders import OrderRules
from exporter.emulator.stage import Row, Values
from exporter.marts import CONTACTS, Entity

_BATCH = 500


class CreationChangedError(Exception):
    """A row carries another creation date than the stored one, and the switch forbids it."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


@dataclass(frozen=True, slots=True)
class Application:
    """One upload on its way into the tables.

    `rules` are those of orders; contacts have none.
    """

    connection: sqlite3.Connection
    upload_id: str
    entity: Entity
    mode: MergeMode
    rules: OrderRules | None
    creation_may_differ: bool

    def apply(self, rows: Iterable[Row]) -> Counter[str]:
        """Apply the rows one after another; return how often each warning was due.

        Raises CreationChangedError; the caller's transaction must then be undone.
        """
        warnings: Counter[str] = Counter()
        source = iter(rows)
        while batch := list(islice(source, _BATCH)):
            self._apply(batch, warnings)
        return warnings

    def _apply(self, batch: list[Row], warnings: Counter[str]) -> None:
        stored = self._load({row.key for row in batch if row.key is not None})
        number = self._last_number()
        states: dict[str | int, Values] = {}
        history: list[tuple[str, str, str | None, str]] = []
        for row in batch:
            before = None if row.key is None else stored.get(row.key)
            after = self.mode.merged(before or {}, row.values)
            first = (before or {}).get("create_date_time")
            if first and first != after.get("create_date_time"):
                if "create_date_time" in row.values:
                    if not self.creation_may_differ:
                        raise CreationChangedError(row.number)
                    warnings["create_date_change"] += 1
                after["create_date_time"] = first
            if self.entity is SIMPLE_ORDERS and before is None:
                number += 1
                after["number"] = number
            elif before and "number" in before:
                after["number"] = before["number"]
            if self.rules:
                self.rules.complete(after, before, row.values, self.upload_id)
            if row.key is not None:
                stored[row.key] = after
            states[number if row.key is None else row.key] = after
            state = json.dumps(after, ensure_ascii=False)
            history.append((self.upload_id, self.entity.name, row.key, state))
        self._save(states.values())
        if self.rules:
            warnings.update(self.rules.save(self.connection))
        self.connection.executemany(
            "insert into applied (upload_id, entity, id, state) values (?, ?, ?, ?)", history
        )

    def _load(self, keys: set[str]) -> dict[str, Values]:
        marks = ",".join("?" * len(keys))
        query = f"select * from {self.entity.name} where {self.entity.key} in ({marks})"
        rows = self.connection.execute(query, tuple(keys))
        return {row[self.entity.key]: self._state(row) for row in rows}

    def _state(self, row: sqlite3.Row) -> Values:
        state = {
            name: row[name]
            for name in row.keys()  # noqa: SIM118 - iterating a Row gives its values
            if row[name] is not None and name not in ("custom", "upload_id")
        }
        for name in self._as_json():
            if name in state:
                state[name] = json.loads(state[name])
        state.update(json.loads(row["custom"] or "{}"))
        return state

    def _save(self, states: Iterable[Values]) -> None:
        names = self._column_names()
        marks = ", ".join("?" * len(names))
        updates = ", ".join(f"{name} = excluded.{name}" for name in names)
        self.connection.executemany(
            f"insert into {self.entity.name} ({', '.join(names)}) values ({marks})"
            f" on conflict ({self.entity.key}) do update set {updates}",
            self._encoded(states, names),
        )

    def _encoded(self, states: Iterable[Values], names: list[str]) -> Iterator[list[Any]]:
        as_json, known = self._as_json(), set(names)
        plain = [name for name in names if name not in ("custom", "upload_id")]
        for state in states:
            values = [
                json.dumps(state[name], ensure_ascii=False)
                if name in as_json and name in state
                else state.get(name)
                for name in plain
            ]
            custom = {name: value for name, value in state.items() if name not in known}
            yield [
                *values,
                json.dumps(custom, ensure_ascii=False) if custom else None,
                self.upload_id,
            ]

    def _column_names(self) -> list[str]:
        names = [column.name for column in self.entity.columns]
        if self.entity is SIMPLE_ORDERS:
            names.insert(0, "number")
        if self.entity is not CONTACTS:
            names += ["status_type", "first_paid_at", "outside_window"]
        return [*names, "custom", "upload_id"]

    def _as_json(self) -> frozenset[str]:
        return frozenset(column.name for column in self.entity.columns if column.kind in JSON_KINDS)

    def _last_number(self) -> int:
        if self.entity is not SIMPLE_ORDERS:
            return 0
        last = self.connection.execute("select max(number) from simple_orders").fetchone()[0]
        return int(last or 0)
