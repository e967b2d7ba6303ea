"""An upload's rows, applied to what the counter holds."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from exporter.emulator.columns import SIMPLE_ORDERS
from exporter.emulator.merge import MergeMode
from exporter.emulator.orders import OrderRules
from exporter.emulator.stage import Row, Values
from exporter.emulator.table import ENCODE, Table
from exporter.marts import Entity

_BATCH = 500


class CreationChangedError(Exception):
    """A row carries another creation date than the stored one, and the switch forbids it."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


@dataclass(frozen=True, slots=True)
class Applier:
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
        table = Table.of(self.entity)
        source = iter(rows)
        while batch := list(islice(source, _BATCH)):
            self._apply(batch, table, warnings)
        return warnings

    def _apply(self, batch: list[Row], table: Table, warnings: Counter[str]) -> None:
        stored = table.load(self.connection, {row.key for row in batch if row.key is not None})
        number = self._last_number()
        nameless: list[Values] = []
        history: list[tuple[str, str, str | None, str]] = []
        for row in batch:
            before = None if row.key is None else stored.get(row.key)
            after = self.mode.merged(before or {}, row.values)
            if before:
                self._keep_creation(before, after, row, warnings)
            if self.entity is SIMPLE_ORDERS:
                number += before is None
                after["number"] = before["number"] if before else number
            if self.rules:
                self.rules.complete(after, before, row.values, self.upload_id)
            if row.key is None:
                nameless.append(after)
            else:
                stored[row.key] = after
            history.append((self.upload_id, self.entity.name, row.key, ENCODE(after)))
        table.save(self.connection, [*stored.values(), *nameless], self.upload_id)
        if self.rules:
            warnings.update(self.rules.save(self.connection))
        self.connection.executemany(
            "insert into applied (uploading_id, entity, id, state) values (?, ?, ?, ?)", history
        )

    def _keep_creation(
        self, before: Values, after: Values, row: Row, warnings: Counter[str]
    ) -> None:
        first, sent = before.get("create_date_time"), row.values.get("create_date_time")
        if first is None:
            return
        if sent is not None and sent != first:
            if not self.creation_may_differ:
                raise CreationChangedError(row.number)
            warnings["create_date_change"] += 1
        after["create_date_time"] = first

    def _last_number(self) -> int:
        if self.entity is not SIMPLE_ORDERS:
            return 0
        last = self.connection.execute("select max(number) from simple_orders").fetchone()[0]
        return int(last or 0)
