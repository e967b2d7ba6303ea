"""The verdicts of a staged mart: its rejected, held and pending rows, each with a reason."""

from dataclasses import dataclass

from metrica_export.checks.reasons import HELD, REJECTED
from metrica_export.checks.rules import rules
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.delta.vanished import ERASED
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.sql import quote
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import (
    DUPLICATE_IDS,
    PROBLEMS,
    STAGED,
    STANDING_VERDICTS,
    tables_of,
)


def find_problems(wh: Attached, staged: StagedMart) -> None:
    """Fill `problems` of a staged mart. `find_references` must have run before."""
    if not staged.rows:
        # Fast path for an empty delta.
        wh.run(PROBLEMS.create_empty(staged.name))
        return
    # A statement of its own: this one and the next may each need all of the memory.
    wh.run(
        f"create or replace table {staged.of(DUPLICATE_IDS)} as select _id "
        f"from {staged.of(STAGED)} where _id is not null group by _id having count(*) > 1"
    )
    cases = " ".join(
        f"when {rule.condition} then {{'state': {quote(rule.state)}, "
        f"'column': {quote(rule.column)}, 'reason': {quote(rule.reason)}}}"
        for rule in rules(staged)
    )
    wh.run(render(__package__, "problems", cases=cases, **tables_of(staged.name)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state and reason of an unsent row; `detail` has Metrica's reason, redacted."""

    state: str
    reason: str
    column: str | None = None
    detail: str | None = None


def add_problems(wh: Attached, staged: StagedMart, rows: str, verdict: Verdict) -> None:
    """Give the rows of a query (`_row`) a verdict, so that they are no longer sendable."""
    wh.run(
        f"insert into {staged.of(PROBLEMS)} select _row, ?, ?, ?, ? from ({rows})",
        [verdict.state, verdict.column, verdict.reason, verdict.detail],
    )


def verdicts(staged: StagedMart) -> str:
    """Return the query of all verdicts of a mart after this pass."""
    return (
        f"select _id, _hash, _state, _column, _reason, _detail from {staged.of(STANDING_VERDICTS)} "
        "union all select s._id, s._hash, p._state, p._column, p._reason, p._detail "
        f"from {staged.of(STAGED)} s join {staged.of(PROBLEMS)} p on p._row = s.rowid "
        f"where s._hash is distinct from {quote(ERASED)}"
    )


def count_verdicts(wh: Attached, staged: StagedMart) -> tuple[int, int]:
    """Return the numbers of rejected and of held rows of the mart."""
    rejected, held = wh.row(
        f"select count(*) filter (_state = {quote(REJECTED)}), "
        f"count(*) filter (_state = {quote(HELD)}) from ({verdicts(staged)})"
    )
    return rejected, held
