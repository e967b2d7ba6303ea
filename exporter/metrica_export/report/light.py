"""The traffic light of the report: one colour, with every reason for it.

Red: the last run failed, stopped at the gate or did not finish, or waiting orders passed their
deadline within `EXPIRED_DAYS`.
Amber: no run yet, no complete run within `FRESH_HOURS`, waiting orders pass their deadline within
24 hours, or more rows are rejected or held than after the complete run before.
Green: none of these.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from metrica_export.errors import GateError
from metrica_export.report.parts.runs import Runs
from metrica_export.report.parts.waiting import Waiting

FRESH_HOURS = 26
"""A nightly run may take two hours longer than the one before and is still recent."""

RUNNING_HOURS = 6
"""Hours after which a run without an end counts as killed."""


class Colour(Enum):
    """The colours of the light."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"


class Cause(Enum):
    """The reasons of a colour, the worst first. The catalogue has a sentence for each."""

    STOPPED = "stopped"
    FAILED = "failed"
    UNFINISHED = "unfinished"
    EXPIRED = "expired"
    EXPIRING = "expiring"
    NEVER_COMPLETE = "never_complete"
    OLD = "old"
    GREW = "grew"
    NO_RUN = "no_run"
    FINE = "fine"


_RED = (Cause.STOPPED, Cause.FAILED, Cause.UNFINISHED, Cause.EXPIRED)


@dataclass(frozen=True, slots=True)
class Light:
    """The colour and its reasons, worst first.

    `counts` has the number in a reason's sentence: of a run, of hours, orders or rows.
    """

    colour: Colour
    causes: tuple[Cause, ...]
    counts: dict[str, int]

    @property
    def cause(self) -> Cause:
        """The reason that the headline states."""
        return self.causes[0]


def judge(runs: Runs, waiting: Waiting, now: datetime) -> Light:
    """Return the light at a moment in the counter's zone."""
    found = dict(_run_causes(runs, now))
    if waiting.expired:
        found[Cause.EXPIRED] = waiting.expired
    if waiting.expiring:
        found[Cause.EXPIRING] = waiting.expiring
    if growth := _growth(runs):
        found[Cause.GREW] = growth
    causes = tuple(cause for cause in Cause if cause in found) or (Cause.FINE,)
    if causes[0] in _RED:
        colour = Colour.RED
    else:
        colour = Colour.GREEN if causes == (Cause.FINE,) else Colour.AMBER
    return Light(colour, causes, {cause.value: found.get(cause, 0) for cause in causes})


def _run_causes(runs: Runs, now: datetime) -> list[tuple[Cause, int]]:
    last = runs.last
    if last is None:
        return [(Cause.NO_RUN, 0)]
    causes = []
    ended = last
    if last.finished_at is None:
        if now - last.started_at > timedelta(hours=RUNNING_HOURS):
            causes.append((Cause.UNFINISHED, last.run_no))
        elif len(runs.runs) > 1:
            # The run may still be at work. The one before it decides.
            ended = runs.runs[-2]
    if ended.finished_at is None and ended is not last:
        causes.append((Cause.UNFINISHED, ended.run_no))
    elif ended.finished_at is not None and not ended.is_complete:
        is_stop = ended.exit_code == GateError.exit_code
        causes.append((Cause.STOPPED if is_stop else Cause.FAILED, ended.run_no))
    fresh = now - timedelta(hours=FRESH_HOURS)
    ends = [run.finished_at for run in runs.complete if run.finished_at is not None]
    if not ends:
        causes.append((Cause.NEVER_COMPLETE, 0))
    elif max(ends) < fresh:
        causes.append((Cause.OLD, int((now - max(ends)).total_seconds() // 3600)))
    return causes


def _growth(runs: Runs) -> int:
    """Return how many more rows are rejected or held than after the complete run before."""
    if len(runs.complete) <= 1:
        return 0
    before, last = runs.complete[-2:]
    return max(0, last.rejected + last.held - before.rejected - before.held)
