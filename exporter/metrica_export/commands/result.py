"""The result of one `run` or `plan`, as a value that no later step changes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from metrica_export.ledger.records import Changes, EntityCounts
from metrica_export.metrica.redaction import json_line
from metrica_export.plurals import counted

if TYPE_CHECKING:
    from metrica_export.review.forecast import Forecast
    from metrica_export.warehouse.left_out import LeftOut

COUNTS = ("rows", "sent", "unchanged", "rejected", "held", "uploads")
"""The keys of an entity in JSON, and the columns of the table; a promise to scripts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The counts, the times and the exit code of one `run` or `plan`.

    The fields are those of `docs/reference/run.schema.json`, and `as_dict` returns its object.
    `entities` has the counts of each compared mart, `changes` its irreversible changes, and
    `exceeded` the limits of the gate that the run exceeds. `new` counts the rejected and held
    rows that were neither after the last complete run; None if the run was not complete. `forecast`
    is that of a plan.
    `exit_code` is 0, or 1 by `Options.fail_on`, or that of the error with the message `error`.
    """

    run_no: int | None = None
    counter: int | None = None
    target: str | None = None
    mode: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    entities: Mapping[str, EntityCounts] = field(default_factory=dict)
    changes: Mapping[str, Changes] = field(default_factory=dict)
    exceeded: Mapping[str, str] = field(default_factory=dict)
    new: int | None = None
    left_out: "tuple[LeftOut, ...]" = ()
    foreign_uploads: int | None = None
    forecast: "Forecast | None" = None
    requests: int = 0
    bytes: int = 0
    exit_code: int = 0
    error: str | None = None

    @property
    def rejected(self) -> int:
        """Rejected rows of all marts."""
        return sum(counts.rejected for counts in self.entities.values())

    @property
    def held(self) -> int:
        """Held rows of all marts."""
        return sum(counts.held for counts in self.entities.values())

    @property
    def expiring(self) -> int:
        """Undelivered orders that Metrica ignores in a day, of those that the run compared.

        After an early end this is the greatest number that the counts allow.
        """
        return sum(
            changes.unsendable_expiring
            + changes.unselected_expiring
            + min(changes.expiring, max(0, self.entities[mart].pending - changes.unselected))
            for mart, changes in self.changes.items()
        )

    def summary(self) -> str:
        """Return the result of a complete run in one line, for people and for the ledger."""
        if not self.rejected and not self.held:
            return "clean"
        rejected = counted(self.rejected, "row")
        return f"{rejected} rejected, {self.held} held; {self.new} new"

    def as_dict(self) -> dict[str, Any]:
        """Return the object that `docs/reference/run.schema.json` describes."""
        shown: dict[str, Any] = {
            "run_no": self.run_no,
            "counter": self.counter,
            "target": self.target,
            "mode": self.mode,
            "version": version("metrica-crm-export"),
            "started_at": self.started_at and self.started_at.isoformat(),
            "finished_at": self.finished_at and self.finished_at.isoformat(),
            "entities": {
                name: {key: getattr(counts, key) for key in (*COUNTS, "pending")}
                for name, counts in self.entities.items()
            },
            "changes": {name: asdict(changes) for name, changes in self.changes.items()},
            "exceeded": dict(self.exceeded),
            "warnings": {"rejected": self.rejected, "held": self.held, "new": self.new},
            "left_out": [each.as_dict() for each in self.left_out],
            "foreign_uploads": self.foreign_uploads,
            "forecast": self.forecast and self.forecast.as_dict(),
            "requests": self.requests,
            "bytes": self.bytes,
            "exit_code": self.exit_code,
        }
        if self.error is not None:
            shown["error"] = self.error
        return shown

    def as_json(self) -> str:
        """Return the same object as JSON on one line."""
        return json_line(self.as_dict())
