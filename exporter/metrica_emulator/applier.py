"""An upload's rows, merged into the stored entities."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Any

from metrica_export.metrica.formats import CONTACTS, ORDERS, Entity

from metrica_emulator.entities import SIMPLE_ORDERS
from metrica_emulator.orders import OrderRules
from metrica_emulator.stage import Row, Values
from metrica_emulator.switches import Switches
from metrica_emulator.table import ENCODE, Table

_BATCH = 500


class MergeMode(Enum):
    """The fate of an entity's stored values in an upload."""

    SAVE = "SAVE"
    UPDATE = "UPDATE"
    APPEND = "APPEND"

    def merged(self, stored: Values, sent: Values) -> Values:
        """Return the entity after an upload, without null values. APPEND joins lists and maps."""
        if self is MergeMode.SAVE:
            merged = sent
        elif self is MergeMode.UPDATE:
            merged = stored | sent
        else:
            merged = stored | {name: _union(stored.get(name), new) for name, new in sent.items()}
        return {name: value for name, value in merged.items() if value is not None}


def _union(old: Any, new: Any) -> Any:  # noqa: ANN401 - values of any attribute
    if isinstance(old, list) and isinstance(new, list):
        return list(dict.fromkeys([*old, *new]))
    if isinstance(old, dict) and isinstance(new, dict):
        return old | new
    return new


@dataclass(frozen=True, slots=True)
class Applier:
    """The merge of one upload into the tables.

    `rules` complete orders; contacts have none. `refused` collects number and reason of the
    rows that the stored state forbids. Such a row is not applied.
    """

    connection: sqlite3.Connection
    upload_id: str
    entity: Entity
    mode: MergeMode
    rules: OrderRules | None
    switches: Switches
    refused: list[tuple[int, str]] = field(default_factory=list)

    def apply(self, rows: Iterable[Row]) -> Counter[str]:
        """Apply the rows in order; return the number of warnings by kind."""
        warnings: Counter[str] = Counter()
        table = Table.of(self.entity)
        source = iter(rows)
        while batch := list(islice(source, _BATCH)):
            self._apply(batch, table, warnings)
        return warnings

    def _apply(self, batch: list[Row], table: Table, warnings: Counter[str]) -> None:
        stored = table.load(self.connection, {row.key for row in batch if row.key is not None})
        contactless = self._contactless(batch)
        number = self._last_number()
        changed: dict[str, Values] = {}
        nameless: list[Values] = []
        history: list[tuple[str, str, str | None, str]] = []
        for row in batch:
            before = changed.get(row.key or "") or stored.get(row.key or "")
            if problem := self._forbidden(before, row, contactless):
                self.refused.append((row.number, problem))
                continue
            after = self.mode.merged(before or {}, row.values)
            _keep_creation(before, after, row, warnings)
            if self.entity is SIMPLE_ORDERS:
                number += before is None
                after["number"] = before["number"] if before else number
            if self.rules:
                self.rules.complete(after, before, row.values, self.upload_id)
            if row.key is None:
                nameless.append(after)
            else:
                changed[row.key] = after
            history.append((self.upload_id, self.entity.name, row.key, ENCODE(after)))
        table.save(self.connection, [*changed.values(), *nameless], self.upload_id)
        if self.rules:
            warnings.update(self.rules.save(self.connection))
        self.connection.executemany(
            "insert into applied (uploading_id, entity, id, state) values (?, ?, ?, ?)", history
        )

    def _contactless(self, batch: list[Row]) -> set[int]:
        """Return the numbers of the orders that must be refused for an unknown contact."""
        if self.entity is not ORDERS or self.switches.unknown_contact == "attach_later":
            return set()
        wanted = {row.number: row.values["client_uniq_id"] for row in batch}
        known = Table.of(CONTACTS).load(self.connection, set(wanted.values()))
        return {number for number, contact in wanted.items() if contact not in known}

    def _forbidden(self, before: Values | None, row: Row, contactless: set[int]) -> str | None:
        if row.number in contactless:
            return "client_uniq_id: unknown_contact"
        if before is None:
            return None
        first, sent = before.get("create_date_time"), row.values.get("create_date_time")
        if self.switches.create_date_change == "fail" and first and sent and sent != first:
            return "create_date_time: cannot_change"
        if self.switches.late_update == "fail" and self.rules and self.rules.is_late(before):
            return "too_late_to_update"
        return None

    def _last_number(self) -> int:
        if self.entity is not SIMPLE_ORDERS:
            return 0
        last = self.connection.execute("select max(number) from simple_orders").fetchone()[0]
        return int(last or 0)


def _keep_creation(before: Values | None, after: Values, row: Row, warnings: Counter[str]) -> None:
    first, sent = (before or {}).get("create_date_time"), row.values.get("create_date_time")
    if first is None:
        return
    warnings["create_date_change"] += sent not in (None, first)
    after["create_date_time"] = first
