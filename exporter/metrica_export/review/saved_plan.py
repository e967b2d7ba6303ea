"""A saved plan: a run does exactly this work, or stops and names the differences."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from metrica_export.checks.sendable import count_sendable, rows
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.errors import SettingsError
from metrica_export.ledger.records import Changes
from metrica_export.review.gate_texts import Texts, gate_error, gate_text, joined
from metrica_export.review.impact import ReviewedMart
from metrica_export.settings import Options
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.sql_files import render

_VERSION = 1


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """The work of one run: its settings, and mart by mart the counts and checksum of its rows."""

    content: dict[str, Any]

    @classmethod
    def of(
        cls, wh: Attached, options: Options, reviewed: Mapping[str, ReviewedMart]
    ) -> "SavedPlan":
        """Return the plan of reviewed marts."""
        merge_modes = {entity: options.form.merge_mode(entity) for entity in reviewed}
        entities = {
            entity: asdict(replace(mart.counts, sent=count_sendable(wh, mart.staged)))
            | {"checksum": _checksum(wh, mart.staged), "changes": _lasting(mart.changes)}
            for entity, mart in reviewed.items()
        }
        return cls(
            {
                "version": _VERSION,
                "counter_id": options.counter_id,
                "mode": options.form.mode,
                "merge_modes": merge_modes,
                "entities": entities,
            }
        )

    @classmethod
    def read(cls, path: Path) -> "SavedPlan":
        """Return the plan in a file; SettingsError if the file has none."""
        try:
            content = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"Cannot read the plan {path} ({type(error).__name__}). Create one with "
                "`metrica-export plan --out`."
            ) from None
        if not isinstance(content, dict) or content.get("version") != _VERSION:
            raise SettingsError(
                f"{path} is not a plan of this program's version. Create a new one with "
                "`metrica-export plan --out`."
            )
        return cls(content)

    def write(self, path: Path) -> None:
        """Write the plan: counts, column names and statuses, and no data of any row."""
        try:
            path.write_text(json.dumps(self.content, ensure_ascii=False, indent=2) + "\n", "utf-8")
        except OSError as error:
            raise SettingsError(
                f"Cannot write the plan {path} ({error.strerror}). Give --out a writable file."
            ) from None

    def check(self, present: "SavedPlan", language: str) -> None:
        """Raise GateError with the differences unless the present plan equals this one."""
        differences = list(_differences("", self.content, present.content))
        if differences:
            raise gate_error(
                gate_text("changed_plan", differences=joined("; ", differences)), language
            )


def _lasting(changes: Changes) -> dict[str, Any]:
    # The counts of late orders change with time alone.
    return {k: v for k, v in asdict(changes).items() if k != "late" and "expiring" not in k}


def _checksum(wh: Attached, staged: StagedMart) -> str:
    (total,) = wh.row(render(__package__, "plan_checksum", rows=rows(staged)))
    return str(total)


def _differences(where: str, then: Any, now: Any) -> Iterator[Texts]:  # noqa: ANN401 - of JSON
    if isinstance(then, dict) and isinstance(now, dict):
        for key in [*then, *(key for key in now if key not in then)]:
            yield from _differences(f"{where}.{key}" if where else key, then.get(key), now.get(key))
    elif isinstance(then, dict) or isinstance(now, dict):
        yield gate_text("plan_part", place=where.removeprefix("entities."))
    elif then != now:
        label = where.removeprefix("entities.").replace(".", " ")
        if label.endswith("checksum"):
            yield gate_text("plan_rows", place=label.removesuffix(" checksum"))
        else:
            yield gate_text("plan_value", place=label, then=then or 0, now=now or 0)
