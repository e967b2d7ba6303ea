"""One upload, from its stage to the answer."""

import json
import sqlite3
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from exporter.emulator import catalogue
from exporter.emulator.applier import Applier, CreationChangedError
from exporter.emulator.columns import ENTITY_TYPES
from exporter.emulator.faults import Fault
from exporter.emulator.merge import MergeMode
from exporter.emulator.metrica import Metrica
from exporter.emulator.orders import OrderRules
from exporter.emulator.refusal import Refusal
from exporter.emulator.stage import Stage
from exporter.emulator.upload_list import STORED, shown
from exporter.marts import CONTACTS, Entity


def entity_type_of(entity: Entity) -> str:
    """Return the entity type under which an entity's attributes are kept."""
    return next(name for name, known in ENTITY_TYPES.items() if known is entity)


@dataclass(frozen=True, slots=True)
class Upload:
    """A checked file or body that waits to be applied and listed."""

    metrica: Metrica
    entity: Entity
    mode: MergeMode
    form: str
    size: int
    stage: Stage
    fault: Fault | None

    async def finish(self) -> dict[str, object]:
        """Apply the rows, all or none, and return the answer's `uploading`.

        Raises Refusal instead when bad rows are to be answered with 400.
        """
        if self.fault and self.fault.kind == "failed":
            self.stage.refuse("file: refused_by_fault")
        if self.fault and self.fault.kind == "refuse":
            self.stage.refuse_keys(frozenset(self.fault.argument.split(",")))
        try:
            return await self.metrica.ask(self._apply)
        except CreationChangedError as changed:
            self.stage.refuse(f"row {changed.row}: create_date_time: cannot_change")
            return await self.metrica.ask(self._apply)

    def _apply(self, connection: sqlite3.Connection) -> dict[str, object]:
        problems = self.stage.problems()
        switches, clock = self.metrica.switches, self.metrica.clock
        if problems and switches.content_errors == "400":
            raise Refusal(400, "invalid_uploading", "; ".join(problems))
        now = clock.now().astimezone(UTC).replace(microsecond=0)
        upload_id = str(uuid.uuid4())
        warnings: Counter[str] = Counter()
        if not problems:
            number = connection.execute("select count(*) from uploads").fetchone()[0]
            applier = Applier(
                connection=connection,
                upload_id=upload_id,
                entity=self.entity,
                mode=self.mode,
                rules=self._rules(connection, now),
                creation_may_differ=switches.create_date_change == "ignore",
            )
            seed = f"{switches.duplicate_shuffle_seed}.{number}"
            warnings = applier.apply(self.stage.rows(seed))
        delayed = self.fault is not None and self.fault.kind == "delay_list"
        polls = int(self.fault.argument) if self.fault and delayed else switches.delayed_visibility
        row = connection.execute(
            "insert into uploads (uploading_id, uploaded_at_utc, entity, merge_mode, status,"
            " elements_count, entity_type, uploading_format, errors, warnings, bytes,"
            " hidden_polls) values (?, ?, ?, ?, ?, ?, 'SYSTEM', ?, ?, ?, ?, ?) returning *",
            (
                upload_id,
                now.strftime(STORED),
                self.entity.name,
                self.mode.value,
                "FAILED" if problems else "PASSED",
                self.stage.count,
                self.form,
                json.dumps(problems, ensure_ascii=False),
                json.dumps(warnings),
                self.size,
                polls,
            ),
        ).fetchone()
        answer = shown(row, clock, switches)
        if self.fault and self.fault.kind == "unknown_status":
            answer["api_validation_status"] = "IN_PROGRESS"
        return answer

    def _rules(self, connection: sqlite3.Connection, now: datetime) -> OrderRules | None:
        if self.entity is CONTACTS:
            return None
        return OrderRules.at(
            now,
            self.metrica.clock,
            self.entity,
            catalogue.load(connection, entity_type_of(self.entity)),
            cancel_spam_goals=self.metrica.switches.cancel_spam_goals == "on",
        )
