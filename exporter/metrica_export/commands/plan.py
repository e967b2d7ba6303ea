"""The command `plan`: a preview of a run, without a request to Metrica or a write to the ledger."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from metrica_export.checks.sendable import count_sendable
from metrica_export.checks.verdicts import verdicts
from metrica_export.commands.comparison import Comparison
from metrica_export.commands.outcome import Outcome, read_left_out
from metrica_export.console import Reporter
from metrica_export.delivery.planned_files import check_folder, write_files
from metrica_export.delivery.waves import count_completed, count_uploads
from metrica_export.delta.delta import Scope
from metrica_export.errors import GateError
from metrica_export.ledger.destination import check_mode
from metrica_export.ledger.reader import Ledger
from metrica_export.review.forecast import forecast
from metrica_export.review.gate_texts import in_language
from metrica_export.review.row_changes import RowChange, find_row_changes
from metrica_export.review.saved_plan import SavedPlan
from metrica_export.settings import Options
from metrica_export.warehouse.contract import check_relation
from metrica_export.warehouse.session import open_session


@dataclass(frozen=True, slots=True)
class Wanted:
    """The outputs of a plan in addition to its counts.

    `out` is the file to save the plan in, `files` the folder for the files that a run would send,
    and `rows` the maximum number of rows of each mart to list. With `with_values`, the rows have
    their cells.
    """

    out: Path | None = None
    files: Path | None = None
    rows: int = 0
    with_values: bool = False


@dataclass(slots=True)
class Details:
    """The parts of a plan that a run does not have.

    `reasons` has mart, state, column, reason and rows. `attributes` names the custom attributes
    without an upload so far: a run creates them, unless Metrica has them. `rows` are rows that a
    run would send, None if they are not wanted. `files` counts the written files.
    """

    reasons: list[tuple[Any, ...]] = field(default_factory=list)
    attributes: dict[str, list[str]] = field(default_factory=dict)
    rows: dict[str, list[RowChange]] | None = None
    files: int = 0

    def as_dict(self, *, with_values: bool) -> dict[str, Any]:
        """Return the parts of the JSON object."""
        if self.rows is None:
            return {"attributes": self.attributes}
        rows = {
            mart: [{"id": each.id} | each.as_dict(with_values=with_values) for each in changes]
            for mart, changes in self.rows.items()
        }
        return {"attributes": self.attributes, "rows": rows}


_NOTHING = Wanted()


def plan(outcome: Outcome, options: Options, wanted: Wanted = _NOTHING) -> Details:
    """Fill in the outcome that a run would have; return the details of the plan."""
    if wanted.files is not None:
        check_folder(wanted.files)
    outcome.stamp.counter, outcome.stamp.mode = options.counter_id, options.form.mode
    with open_session(options.dbt, staging=options.staging, read_only=True) as session:
        wh, outcome.stamp.target = session.wh, session.profile.target
        (now,) = wh.row(f"select epoch_us({wh.now})")
        outcome.stamp.start(now)
        outcome.left_out = read_left_out(session, options, Reporter())
        ledger = Ledger(wh, options.counter_id)
        check_mode(wh, ledger, options.form.mode)
        comparison = Comparison(session, ledger, options)
        for mart in map(session.marts.get, options.names):
            check_relation(wh, mart)
            staged = comparison.stage(mart, Scope())
            comparison.review(staged, outcome)
        comparison.limit(outcome)
        for name, staged in comparison.staged.items():
            outcome.entities[name] = replace(
                outcome.entities[name],
                sent=count_completed(wh, staged),
                uploads=count_uploads(wh, staged, comparison.chunks[name]),
            )
        outcome.forecast = forecast(session, ledger, comparison.staged.values())
        outcome.exceeded = in_language(comparison.find_exceeded(), options.language)
        if wanted.out is not None:
            SavedPlan.of(wh, options, comparison.reviewed).write(wanted.out)
        outcome.complete(comparison.count_new(outcome), options.fail_on)
        if outcome.exceeded.keys() - options.gate.accepted:
            outcome.exit_code = GateError.exit_code
        details = _details(comparison, wanted)
        if wanted.files is not None:
            marts = [(staged, comparison.chunks[n]) for n, staged in comparison.staged.items()]
            details.files = write_files(wh, marts, session.staging, wanted.files)
        outcome.stamp.stop()
        return details


def _details(comparison: Comparison, wanted: Wanted) -> Details:
    wh, found = comparison.wh, Details()
    for mart, staged in comparison.staged.items():
        query = (
            f"select _state, _column, _reason, count(*) from ({verdicts(staged)}) "
            "group by all order by 1, 4 desc, 2, 3"
        )
        found.reasons.extend((mart, *row) for row in wh.rows(query))
        if count_sendable(wh, staged):
            uploaded = comparison.ledger.column_bits(mart)
            new = [a.name for a in staged.mart.attributes if a.name not in uploaded]
            found.attributes |= {mart: new} if new else {}
    if wanted.rows:
        found.rows = {
            mart: changes
            for mart, staged in comparison.staged.items()
            if (
                changes := find_row_changes(
                    wh, staged, with_values=wanted.with_values, limit=wanted.rows
                )
            )
        }
    return found
