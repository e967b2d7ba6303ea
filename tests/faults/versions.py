"""The campaign's own log of what each row of the marts was, and when.

With it, what Metrica took can be told right from wrong: the next step of a state that the
mart had while the run was at work, never one that is older than what Metrica took before,
and no state again that Metrica was known to have.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.faults.reading import Ledger
from tests.faults.states import CREATED, STATUS, Applied, MartRow, State, content
from tests.faults.walk import Step, Walk

_WRONG_STEP = "is no step that was due then"

FOREIGN = "foreign"
"""How the ids begin that another program uploads to the same counter."""


@dataclass(frozen=True, slots=True)
class Version:
    """What one id was from a tick on; no row when it was in none, or in several."""

    tick: int
    row: MartRow | None

    def has_step(self, state: State, place: int) -> bool:
        """Say whether Metrica would be told this at that place of the way."""
        row = self.row
        return (
            row is not None
            and 0 < place <= len(row.steps)
            and content(row.state) == content(state)
            and row.steps[place - 1] == state.get(STATUS)
        )


@dataclass(frozen=True, slots=True)
class Segment:
    """One run, or several at once: what Metrica took in it, and the ticks that it saw.

    What the gate would stop was `accepted`, or not. `resets` counts, for each mart, how often
    the ledger had been made to forget it.
    """

    after_number: int
    first_tick: int
    last_tick: int
    before: Ledger
    after: Ledger
    crowded: bool = False
    accepted: bool = False
    resets: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Versions:
    """The log of the marts' rows, tick by tick."""

    tick: int = 0
    of: dict[tuple[str, str], list[Version]] = field(default_factory=lambda: defaultdict(list))

    def observe(self, marts: dict[str, list[MartRow]]) -> None:
        """Take the marts as they are from now on."""
        self.tick += 1
        now: dict[tuple[str, str], MartRow] = {}
        times: Counter[tuple[str, str]] = Counter()
        for mart, rows in marts.items():
            for row in rows:
                if row.key is not None:
                    now[mart, row.key] = row
                    times[mart, row.key] += 1
        for key in {*self.of, *now}:
            row_now = now[key] if times[key] == 1 else None
            log = self.of[key]
            if not log or log[-1].row != row_now:
                log.append(Version(self.tick, row_now))

    def rows(self, mart: str, key: str) -> list[MartRow]:
        """Return all that the row ever was."""
        return [v.row for v in self.of.get((mart, key), ()) if v.row is not None]

    def knows(self, mart: str, key: str, state: State) -> bool:
        """Say whether the row ever was like this, or on its way to it."""
        return any(
            version.has_step(state, place)
            for version in self.of.get((mart, key), ())
            for place in range(1, 1 + (len(version.row.steps) if version.row else 0))
        )

    def check(self, applied: list[Applied], segments: list[Segment]) -> Iterable[tuple[str, str]]:
        """Yield invariant and message of everything that Metrica should not have been sent."""
        # Two versions may read alike and go on differently; each way that fits is followed.
        walks: dict[tuple[str, str], set[Walk]] = defaultdict(lambda: {Walk()})
        first: dict[tuple[str, str], str] = {}
        starts = [segment.after_number for segment in segments]
        for each in applied:
            if each.key.startswith(FOREIGN):
                continue
            segment = segments[bisect_right(starts, each.number - 1) - 1]
            key = (each.mart, each.key)
            before = {walk.with_known(segment.after.passed) for walk in walks[key]}
            fitting = [(walk, due) for walk in before for due in self._due(each, segment, walk)]
            after = {
                self._stepped(each, segment, walk, due)
                for walk, due in fitting
                if not due.told or walk.loose or key in segment.before.undecided
            }
            what = f"{each.mart} {each.key} {each.state.get(STATUS, '')}: {each.uploading_id}"
            if not after and fitting:
                yield "resent", f"{what} went again after it was PASSED"
            elif not after:
                yield "order", f"{what} {_WRONG_STEP}"
            walks[key] = after or before
            if date := each.state.get(CREATED):
                if date != first.setdefault(key, date):
                    yield "date", f"{what} has another creation date than the first one"
                elif after and date not in self._dates(key, segment, after):
                    yield "date", f"{what} has a creation date that the mart did not have"

    def _stepped(self, each: Applied, segment: Segment, walk: Walk, due: "_Due") -> Walk:
        is_last = due.place == len(due.row.steps)
        row_hash = due.row.row_hash if is_last else None
        resets = segment.resets.get(each.mart, 0)
        step = Step(each.uploading_id, due.place, each.state.get(STATUS), row_hash, resets)
        return walk.to(step, due.version).with_known(segment.after.passed)

    def _due(self, each: Applied, segment: Segment, walk: Walk) -> Iterator["_Due"]:
        """Yield what the run may have sent as this."""
        log = self.of.get((each.mart, each.key), [])
        for number in range(walk.version, len(log)):
            row = log[number].row
            ended = log[number + 1].tick if number + 1 < len(log) else None
            alive = log[number].tick <= segment.last_tick and (
                ended is None or ended > segment.first_tick
            )
            if alive and row is not None and row.steps:
                place, told = walk.next_place(
                    row.steps, row.row_hash, segment.resets.get(each.mart, 0)
                )
                if log[number].has_step(each.state, place):
                    yield _Due(number, row, place, told)

    def _dates(self, key: tuple[str, str], segment: Segment, walks: set[Walk]) -> set[str | None]:
        """Return the creation dates that may go: after an earlier upload, an earlier one's."""
        versions = {walk.version for walk in walks}
        if key in segment.before.handed_over or segment.crowded:
            versions = set(range(max(versions) + 1))
        rows = [self.of[key][number].row for number in versions]
        return {row.state.get(CREATED) for row in rows if row}


@dataclass(frozen=True, slots=True)
class _Due:
    """A step that is due of a version; `told` if it was the last one before."""

    version: int
    row: MartRow
    place: int
    told: bool
