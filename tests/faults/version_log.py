"""The log of every version of the marts' rows, and the check of Metrica's states against it.

Each state that Metrica applied must be the next step of a version that the mart had during
the run. It must not be older than a state that Metrica applied before, and it must not repeat
a state that the ledger records as PASSED.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.faults.delivery_progress import DeliveredStep, DeliveryProgress
from tests.faults.readers import Ledger
from tests.faults.states import (
    CREATED,
    FINISHED,
    STATUS,
    AppliedState,
    MartRow,
    State,
    without_status_and_date,
)

FOREIGN_PREFIX = "foreign"
"""The first letters of ids that another program uploads to the same counter."""


@dataclass(frozen=True, slots=True)
class Version:
    """A row from a tick on; None if the mart had no row with its key, or several."""

    tick: int
    row: MartRow | None

    def has_step(self, state: State, position: int) -> bool:
        """Return whether the state is the step at this position of the row's path."""
        row = self.row
        if row is None or not 0 < position <= len(row.steps):
            return False
        expected = without_status_and_date(row.state)
        if position < len(row.steps):
            expected.pop(FINISHED, None)
        is_status_of_step = row.steps[position - 1] == state.get(STATUS)
        return is_status_of_step and expected == without_status_and_date(state)


@dataclass(frozen=True, slots=True)
class RunInterval:
    """The period of one run: the applied states and the ticks of the marts that belong to it.

    `last_sequence` is the sequence number of the last applied state before the run. With
    `has_concurrent_changes`, the marts changed or another run started during the run. With
    `limits_accepted`, the run had `--accept`. `resets` counts the resets of each mart's
    ledger before the run.
    """

    last_sequence: int
    first_tick: int
    last_tick: int
    ledger_before: Ledger
    ledger_after: Ledger
    has_concurrent_changes: bool = False
    limits_accepted: bool = False
    resets: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class VersionLog:
    """The versions of each row by mart and key. A tick numbers the recordings of the marts."""

    tick: int = 0
    versions: dict[tuple[str, str], list[Version]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def record(self, marts: dict[str, list[MartRow]]) -> None:
        """Record the present rows of the marts under the next tick."""
        self.tick += 1
        present: dict[tuple[str, str], MartRow] = {}
        occurrences: Counter[tuple[str, str]] = Counter()
        for mart, rows in marts.items():
            for row in rows:
                if row.key is not None:
                    present[mart, row.key] = row
                    occurrences[mart, row.key] += 1
        for key in {*self.versions, *present}:
            present_row = present[key] if occurrences[key] == 1 else None
            versions = self.versions[key]
            if not versions or versions[-1].row != present_row:
                versions.append(Version(self.tick, present_row))

    def rows(self, mart: str, key: str) -> list[MartRow]:
        """Return every version of a row."""
        return [v.row for v in self.versions.get((mart, key), ()) if v.row is not None]

    def number_of(self, mart: str, key: str, tick: int) -> int:
        """Return the number of the row's version at a tick; -1 before the first one."""
        versions = self.versions.get((mart, key), [])
        return bisect_right([version.tick for version in versions], tick) - 1

    def contains(self, mart: str, key: str, state: State) -> bool:
        """Return whether the state is a step of any version of the row."""
        return any(
            version.has_step(state, position)
            for version in self.versions.get((mart, key), ())
            for position in range(1, 1 + (len(version.row.steps) if version.row else 0))
        )

    def violations(
        self, applied: list[AppliedState], intervals: list[RunInterval]
    ) -> Iterable[tuple[str, str]]:
        """Yield invariant and message for each applied state that was not due."""
        # Equal versions may continue differently, so every possible progress is followed.
        progresses: dict[tuple[str, str], set[DeliveryProgress]] = defaultdict(
            lambda: {DeliveryProgress()}
        )
        first_dates: dict[tuple[str, str], str] = {}
        starts = [interval.last_sequence for interval in intervals]
        for state in applied:
            if state.key.startswith(FOREIGN_PREFIX):
                continue
            interval = intervals[bisect_right(starts, state.sequence - 1) - 1]
            key, passed = (state.mart, state.key), interval.ledger_after.passed_uploads
            before = {progress.with_passed(passed) for progress in progresses[key]}
            matches = [
                (progress, step)
                for progress in before
                for step in self._due_steps(state, interval, progress)
            ]
            after = {
                self._advance(state, interval, progress, step)
                for progress, step in matches
                if not step.repeats_passed
                or progress.unconfirmed
                or key in interval.ledger_before.outcome_unknown
            }
            status = state.state.get(STATUS, "")
            description = f"{state.mart} {state.key} {status}: {state.uploading_id}"
            if not after and matches:
                yield "redelivery", f"{description} repeats a PASSED state"
            elif not after:
                yield "sequence", f"{description} was not a due step"
            progresses[key] = after or before
            if date := state.state.get(CREATED):
                if date != first_dates.setdefault(key, date):
                    yield "creation date", f"{description} differs from the first creation date"
                elif after and date not in self._allowed_dates(key, interval, after):
                    yield (
                        "creation date",
                        f"{description} has a creation date that the mart did not have",
                    )

    def _advance(
        self,
        state: AppliedState,
        interval: RunInterval,
        progress: DeliveryProgress,
        due: "_DueStep",
    ) -> DeliveryProgress:
        is_last = due.position == len(due.row.steps)
        row_hash = due.row.row_hash if is_last else None
        resets = interval.resets.get(state.mart, 0)
        step = DeliveredStep(
            state.uploading_id, due.position, state.state.get(STATUS), row_hash, resets
        )
        passed = interval.ledger_after.passed_uploads
        return progress.with_step(step, due.version).with_passed(passed)

    def _due_steps(
        self, state: AppliedState, interval: RunInterval, progress: DeliveryProgress
    ) -> Iterator["_DueStep"]:
        """Yield each step that the run may have sent as this state."""
        key = (state.mart, state.key)
        versions = self.versions.get(key, [])
        unknown = [interval.ledger_before.unknown_steps.get(key, frozenset())]
        if interval.has_concurrent_changes:
            # Another run may have left them, or may not have begun yet.
            unknown += [interval.ledger_after.unknown_steps.get(key, frozenset()), frozenset()]
        for number in range(progress.version, len(versions)):
            row = versions[number].row
            end = versions[number + 1].tick if number + 1 < len(versions) else None
            is_current = versions[number].tick <= interval.last_tick and (
                end is None or end > interval.first_tick
            )
            if is_current and row is not None and row.steps:
                resets = interval.resets.get(state.mart, 0)
                for position, repeats_passed in {
                    progress.next_position(row.steps, row.row_hash, resets, steps)
                    for steps in unknown
                }:
                    if versions[number].has_step(state.state, position):
                        yield _DueStep(number, row, position, repeats_passed)

    def _allowed_dates(
        self, key: tuple[str, str], interval: RunInterval, progresses: set[DeliveryProgress]
    ) -> set[str | None]:
        """Return the creation dates that a run may send.

        After an earlier upload of the row, a run may repeat the date of an earlier version.
        """
        numbers = {progress.version for progress in progresses}
        if key in interval.ledger_before.maybe_delivered or interval.has_concurrent_changes:
            numbers = set(range(max(numbers) + 1))
        rows = [self.versions[key][number].row for number in numbers]
        return {row.state.get(CREATED) for row in rows if row}


@dataclass(frozen=True, slots=True)
class _DueStep:
    """A step of a version that may come next; `repeats_passed` if the last PASSED one was equal."""

    version: int
    row: MartRow
    position: int
    repeats_passed: bool
