"""An upload's rows, applied to what the counter holds."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from metrica_export.metrica.formats import CONTACTS, ORDERS, Entity

from metrica_emulator import shared_ids
from metrica_emulator.columns import SIMPLE_ORDERS
from metrica_emulator.merge import MergeMode
from metrica_emulator.orders import OrderRules
from metrica_emulator.stage import Row, Values
from metrica_emulator.switches import Switches
from metrica_emulator.table import ENCODE, Table

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Applier:
    """One upload on its way into the tables.

    `rules` are those of orders; contacts have none. `refused` holds the number of each
    row that what is stored forbids, and why; such a row is not applied.
    """

    connection: sqlite3.Connection
    upload_id: str
    entity: Entity
    mode: MergeMode
    rules: OrderRules | None
    switches: Switches
    refused: list[tuple[int, str]] = field(default_factory=list)

    def apply(self, rows: Iterable[Row]) -> Counter[str]:
        """Apply the rows one after another; return how often each warning was due."""
        warnings: Counter[str] = Counter()
        table = Table.of(self.entity)
        source = iter(rows)
        while batch := list(islice(source, _BATCH)):
            self._apply(batch, table, warnings)
        return warnings

    def _apply(self, batch: list[Row], table: Table, warnings: Counter[str]) -> None:
        keys = {row.key for row in batch if row.key is not None}
        stored = table.load(self.connection, keys)
        moved = self._from_other_method(keys - set(stored))
        unattached = self._unattached(batch)
        number = self._last_number()
        changed: dict[str, Values] = {}
        nameless: list[Values] = []
        history: list[tuple[str, str, str | None, str]] = []
        for row in batch:
            before = None
            if row.key is not None:
                before = changed.get(row.key) or stored.get(row.key) or moved.get(row.key)
            if problem := self._forbidden(before, row, unattached):
                self.refused.append((row.number, problem))
                continue
            joins_all = self.switches.append_joins == "all"
            after = self.mode.merged(before or {}, row.values, joins_all=joins_all)
            self._keep_creation(before, after, row, warnings)
            if self.entity is SIMPLE_ORDERS:
                known = before and before.get("number")
                number += not known
                after["number"] = known or number
            if self.rules:
                waits = row.number in unattached
                self.rules.complete(after, before, row.values, self.upload_id, waits=waits)
            if row.key is None:
                nameless.append(after)
            else:
                changed[row.key] = after
            history.append((self.upload_id, self.entity.name, row.key, ENCODE(after)))
        table.save(self.connection, [*changed.values(), *nameless], self.upload_id)
        shared_ids.move(
            self.connection, self.entity, {k: changed[k] for k in moved if k in changed}
        )
        if self.rules:
            warnings.update(self.rules.save(self.connection))
        self.connection.executemany(
            "insert into applied (uploading_id, entity, id, state) values (?, ?, ?, ?)", history
        )

    def _from_other_method(self, keys: set[str]) -> dict[str, Values]:
        if self.entity is CONTACTS or self.switches.id_namespace == "separate":
            return {}
        return shared_ids.of_other_method(self.connection, self.entity, keys)

    def _unattached(self, batch: list[Row]) -> set[int]:
        """Return the numbers of the rows that name a contact which is not there yet."""
        if self.entity is not ORDERS or self.switches.unknown_contact == "attach_later":
            return set()
        wanted = {row.number: row.values["client_uniq_id"] for row in batch}
        known = Table.of(CONTACTS).load(self.connection, set(wanted.values()))
        return {number for number, contact in wanted.items() if contact not in known}

    def _forbidden(self, before: Values | None, row: Row, unattached: set[int]) -> str | None:
        if row.number in unattached and self.switches.unknown_contact == "fail":
            return "client_uniq_id: unknown_contact"
        if before is None:
            return None
        first, sent = before.get("create_date_time"), row.values.get("create_date_time")
        if self.switches.create_date_change == "fail" and first and sent and sent != first:
            return "create_date_time: cannot_change"
        if self.switches.late_update == "fail" and self.rules and self.rules.is_late(before):
            return "too_late_to_update"
        return None

    def _keep_creation(
        self, before: Values | None, after: Values, row: Row, warnings: Counter[str]
    ) -> None:
        first, sent = (before or {}).get("create_date_time"), row.values.get("create_date_time")
        if first is None:
            return
        if sent is not None and sent != first:
            if self.switches.create_date_change == "apply":
                return
            warnings["create_date_change"] += 1
        after["create_date_time"] = first

    def _last_number(self) -> int:
        if self.entity is not SIMPLE_ORDERS:
            return 0
        last = self.connection.execute("select max(number) from simple_orders").fetchone()[0]
        return int(last or 0)
