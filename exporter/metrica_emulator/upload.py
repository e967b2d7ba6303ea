"""One upload, from its stage to the answer."""

import json
import sqlite3
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import UTC

from metrica_export.metrica.formats import CONTACTS, ORDERS, Entity

from metrica_emulator import catalogue
from metrica_emulator.applier import Applier, MergeMode
from metrica_emulator.clock import STORED
from metrica_emulator.entities import entity_type_of
from metrica_emulator.faults import Fault
from metrica_emulator.metrica import Metrica
from metrica_emulator.orders import OrderRules
from metrica_emulator.refusal import Refusal
from metrica_emulator.stage import Stage
from metrica_emulator.ties import Ties
from metrica_emulator.upload_list import shown


@dataclass(frozen=True, slots=True)
class Upload:
    """A checked file or body, ready to be applied and listed."""

    metrica: Metrica
    entity: Entity
    mode: MergeMode
    form: str
    size: int
    stage: Stage
    fault: Fault | None

    async def finish(self) -> dict[str, object]:
        """Apply the rows, all or none, and return the answer's `uploading`.

        Raises Refusal instead if bad rows are answered with 400.
        """
        if self._suffers("failed"):
            self.stage.refuse("file: refused_by_fault")
        if self.fault and self._suffers("refuse"):
            self.stage.refuse_keys(frozenset(self.fault.argument.split(",")))
        return await self.metrica.store.run(self._apply)

    def _apply(self, connection: sqlite3.Connection) -> dict[str, object]:
        switches, clock = self.metrica.switches, self.metrica.clock
        now = clock.now().astimezone(UTC).replace(microsecond=0)
        upload_id = str(uuid.uuid4())
        number = connection.execute("select count(*) from uploads").fetchone()[0]
        seed = f"{switches.duplicate_shuffle_seed}.{number}"
        warnings: Counter[str] = Counter()
        if self.stage.applies():
            warnings = self._apply_rows(connection, upload_id, clock.local(now), seed)
        problems = self.stage.problems()
        if problems and switches.content_errors == "400":
            raise Refusal(400, "invalid_uploading", "; ".join(problems))
        passed = self.stage.applies() and (not problems or switches.good_rows == "applied_passed")
        row = connection.execute(
            "insert into uploads (uploading_id, uploaded_at_utc, entity, merge_mode, status,"
            " elements_count, entity_type, uploading_format, errors, warnings, bytes,"
            " hidden_polls) values (?, ?, ?, ?, ?, ?, 'SYSTEM', ?, ?, ?, ?, ?) returning *",
            (
                upload_id,
                now.strftime(STORED),
                self.entity.name,
                self.mode.value,
                "PASSED" if passed else "FAILED",
                self.stage.count,
                self.form,
                json.dumps(problems, ensure_ascii=False),
                json.dumps(warnings),
                self.size,
                self._hidden_polls(),
            ),
        ).fetchone()
        answer = shown(row, clock, switches)
        if self._suffers("unknown_status"):
            answer["api_validation_status"] = "IN_PROGRESS"
        return answer

    def _apply_rows(
        self, connection: sqlite3.Connection, upload_id: str, now: str, seed: str
    ) -> Counter[str]:
        """Apply the rows, and roll them back if one of them makes the upload bad."""
        connection.execute("savepoint before_rows")
        rules = self._rules(connection, now)
        applier = Applier(
            connection, upload_id, self.entity, self.mode, rules, self.metrica.switches
        )
        warnings = applier.apply(self.stage.rows(seed))
        for number, problem in applier.refused:
            self.stage.reject(number, problem)
        if self.entity is ORDERS and self._exceeds(connection):
            self.stage.refuse("file: too_many_orders_of_a_contact")
        if not self.stage.applies():
            connection.execute("rollback to before_rows")
            return Counter()
        return +warnings

    def _rules(self, connection: sqlite3.Connection, now: str) -> OrderRules | None:
        if self.entity is CONTACTS:
            return None
        schema = catalogue.load(connection, entity_type_of(self.entity))
        return OrderRules(self.entity, schema, Ties(connection, now))

    def _exceeds(self, connection: sqlite3.Connection) -> bool:
        limit = self.metrica.quotas.limits.orders_per_contact
        # There are at most as many orders as the last row's number.
        last = connection.execute("select max(rowid) from orders").fetchone()[0] or 0
        query = "select 1 from orders group by client_uniq_id having count(*) > ? limit 1"
        return bool(last > limit and connection.execute(query, (limit,)).fetchone())

    def _hidden_polls(self) -> int:
        if self.fault and self._suffers("delay_list"):
            return int(self.fault.argument)
        return self.metrica.switches.delayed_visibility

    def _suffers(self, kind: str) -> bool:
        return self.fault is not None and self.fault.kind == kind
