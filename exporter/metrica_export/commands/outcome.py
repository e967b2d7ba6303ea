"""The outcome of one `run` or `plan` so far."""

from dataclasses import dataclass, field

from metrica_export.commands.result import RunResult
from metrica_export.commands.stamp import Stamp
from metrica_export.console import Reporter
from metrica_export.errors import ExportError, WarehouseError
from metrica_export.ledger.records import Changes, EntityCounts
from metrica_export.plurals import counted
from metrica_export.review.forecast import Forecast
from metrica_export.settings import FailOn, Options
from metrica_export.warehouse import left_out
from metrica_export.warehouse.left_out import LeftOut
from metrica_export.warehouse.session import Session


@dataclass(slots=True)
class Outcome:
    """The result of one `run` or `plan` so far. `error` is the message of an early end.

    `changes` has the impact of each mart, and `exceeded` the limits of the gate that it exceeds.
    `new` counts the rejected and held rows that were neither after the last complete run; None
    before the end. `foreign_uploads` counts the uploads in Metrica's list that the ledger does
    not know; None for a command that does not read the list. `forecast` is that of a plan; None
    before the first measurement.
    """

    entities: dict[str, EntityCounts] = field(default_factory=dict)
    changes: dict[str, Changes] = field(default_factory=dict)
    exceeded: dict[str, str] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    foreign_uploads: int | None = None
    forecast: Forecast | None = None
    requests: int = 0
    exit_code: int = 0
    error: str | None = None
    bytes: int = 0
    new: int | None = None
    stamp: Stamp = field(default_factory=Stamp)

    def complete(self, new: int, fail_on: FailOn) -> None:
        """Set the exit code of a complete run: 0, or 1 by `--fail-on`."""
        self.new = new
        found = self.entities.values()
        unsent = sum(counts.rejected + counts.held for counts in found)
        self.exit_code = int(fail_on.applies(unsent, new, sum(counts.rows for counts in found)))

    def delivered(self) -> list[str]:
        """Return a phrase for each mart that had rows to send, after an early end."""
        return [
            f"{counts.sent} of {counted(counts.sent + counts.pending, 'row')} of {mart}"
            for mart, counts in self.entities.items()
            if counts.sent or counts.pending
        ]

    def fail(self, error: ExportError) -> None:
        """Set the message and exit code of an error."""
        self.error, self.exit_code = str(error), error.exit_code

    def result(self) -> RunResult:
        """Return the present state as a value."""
        stamp = self.stamp
        return RunResult(
            run_no=stamp.run_no,
            counter=stamp.counter,
            target=stamp.target,
            mode=stamp.mode,
            started_at=stamp.started_at,
            finished_at=stamp.finished_at,
            entities=dict(self.entities),
            changes=dict(self.changes),
            exceeded=dict(self.exceeded),
            new=self.new,
            left_out=tuple(self.left_out),
            foreign_uploads=self.foreign_uploads,
            forecast=self.forecast,
            requests=self.requests,
            bytes=self.bytes,
            exit_code=self.exit_code,
            error=self.error,
        )


def read_left_out(session: Session, options: Options, report: Reporter) -> list[LeftOut]:
    """Return the values that the dbt models left out; none when the model cannot be read."""
    try:
        return left_out.read_left_out(session.wh, session.marts, options.names)
    except WarehouseError:
        # The counts are information only, so the run continues.
        report.line(
            "The model left_out cannot be read, so values that dbt left out are not counted. Run "
            "`metrica-export doctor` for the reason."
        )
        return []
