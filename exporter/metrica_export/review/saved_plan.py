"""A plan that was saved: a run applies exactly this, or says what has changed since."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from metrica_export.checks.judge import Judge
from metrica_export.delta.detection import Delta
from metrica_export.errors import GateError, SettingsError
from metrica_export.ledger.records import Changes
from metrica_export.settings import Options

_VERSION = 1


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a run would do: by whose word, and mart by mart with the fingerprint of its rows."""

    content: dict[str, Any]

    @classmethod
    def of(
        cls,
        judge: Judge,
        options: Options,
        deltas: dict[str, Delta],
        changes: dict[str, Changes],
    ) -> "SavedPlan":
        """Return the plan of marts that have been judged."""
        merge_modes = {entity: options.form.merge_mode(entity) for entity in deltas}
        entities = {
            entity: asdict(judge.counts(delta, judge.sendable(delta.mart), 0))
            | {"fingerprint": _fingerprint(judge, delta)}
            | {"changes": _lasting(changes[entity])}
            for entity, delta in deltas.items()
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
        """Read a plan; SettingsError when the file is none."""
        try:
            content = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"Cannot read the plan {path} ({type(error).__name__}); make it with "
                "`metrica-export plan --out`."
            ) from None
        if not isinstance(content, dict) or content.get("version") != _VERSION:
            raise SettingsError(
                f"{path} is no plan of this program's version: make a new one with "
                "`metrica-export plan --out`."
            )
        return cls(content)

    def write(self, path: Path) -> None:
        """Write the plan; it holds counts, column names and statuses, and nobody's data."""
        try:
            path.write_text(json.dumps(self.content, ensure_ascii=False, indent=2) + "\n", "utf-8")
        except OSError as error:
            raise SettingsError(f"Cannot write the plan {path} ({error.strerror}).") from None

    def check(self, now: "SavedPlan") -> None:
        """Raise GateError, naming what differs, unless what is to be done now is this plan."""
        differs = list(_differences("", self.content, now.content))
        if differs:
            raise GateError(
                f"Nothing was sent: the saved plan no longer holds. {'; '.join(differs)}. "
                "Look at a new plan."
            )


def _lasting(changes: Changes) -> dict[str, Any]:
    # Which orders are late changes by itself, while everything else stays as it was.
    return {k: v for k, v in asdict(changes).items() if k not in {"late", "expiring"}}


def _fingerprint(judge: Judge, delta: Delta) -> str:
    (total,) = judge.wh.row(
        f"""
        select cast(coalesce(sum(
            ('0x' || substr(md5(concat_ws(' ', _id, _hash, _status)), 1, 15))::bigint
        ), 0) as text)
        from ({judge.rows(delta.mart)})
        """
    )
    return str(total)


def _differences(where: str, then: Any, now: Any) -> Iterator[str]:  # noqa: ANN401 - of JSON
    if isinstance(then, dict) and isinstance(now, dict):
        for key in [*then, *(key for key in now if key not in then)]:
            yield from _differences(f"{where}.{key}" if where else key, then.get(key), now.get(key))
    elif isinstance(then, dict) or isinstance(now, dict):
        yield f"{where.removeprefix('entities.')}: in one of the two only"
    elif then != now:
        what = where.removeprefix("entities.").replace(".", " ")
        if what.endswith("fingerprint"):
            yield f"{what.removesuffix(' fingerprint')}: other rows, or other states of them"
        else:
            yield f"{what}: {then or 0} then, {now or 0} now"
