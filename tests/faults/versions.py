"""The campaign's own log of what each row of the marts was, and when.

With it, what Metrica took can be told right from wrong: a state that the mart had while
the run was at work, never one that is older than what Metrica took before, and no state
again that Metrica was known to have.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.faults.reading import Applied, Ledger, MartRow, State

_WRONG_STATE = "brought a state that the mart did not have then, or an older one than before"

FOREIGN = "foreign"
"""How the ids begin that another program uploads to the same counter."""


@dataclass(frozen=True, slots=True)
class Version:
    """What one id was from a tick on; no state when it was in no row, or in several."""

    tick: int
    state: State | None
    row_hash: str | None


@dataclass(frozen=True, slots=True)
class Segment:
    """One run, or several at once: what Metrica took in it, and the ticks that it saw."""

    after_number: int
    first_tick: int
    last_tick: int
    before: Ledger
    after: Ledger


@dataclass(slots=True)
class _Last:
    """What Metrica took last of one id."""

    version: int
    applied: Applied
    row_hash: str | None
    segment: Segment


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
            alone = times[key] == 1
            state = now[key].state if alone else None
            row_hash = now[key].row_hash if alone else None
            log = self.of[key]
            if not log or (log[-1].state, log[-1].row_hash) != (state, row_hash):
                log.append(Version(self.tick, state, row_hash))

    def knows(self, mart: str, key: str, state: State) -> bool:
        """Say whether the row ever was like this."""
        return any(version.state == state for version in self.of.get((mart, key), ()))

    def check(self, applied: list[Applied], segments: list[Segment]) -> Iterable[tuple[str, str]]:
        """Yield invariant and message of everything that Metrica should not have been sent."""
        last: dict[tuple[str, str], _Last] = {}
        starts = [segment.after_number for segment in segments]
        for each in applied:
            if each.key.startswith(FOREIGN):
                continue
            segment = segments[bisect_right(starts, each.number - 1) - 1]
            key = (each.mart, each.key)
            before = last.get(key)
            version = self._match(each, segment, before.version if before else 0)
            if version is None:
                yield "order", f"{each.mart} {each.key}: {each.uploading_id} {_WRONG_STATE}"
                continue
            row_hash = self.of[key][version].row_hash
            if before and before.row_hash == row_hash and self._was_known(before, segment, key):
                earlier = before.applied.uploading_id
                yield "resent", f"{each.mart} {each.key} went again after {earlier} was PASSED"
            last[key] = _Last(version, each, row_hash, segment)

    def _match(self, applied: Applied, segment: Segment, least: int) -> int | None:
        """Return the first version, from `least` on, that the run may have sent as this state."""
        log = self.of.get((applied.mart, applied.key), [])
        for place in range(least, len(log)):
            ended = log[place + 1].tick if place + 1 < len(log) else None
            alive = log[place].tick <= segment.last_tick and (
                ended is None or ended > segment.first_tick
            )
            if alive and log[place].state == applied.state:
                return place
        return None

    def _was_known(self, before: _Last, segment: Segment, key: tuple[str, str]) -> bool:
        uploading_id = before.applied.uploading_id
        if before.segment is segment:
            return uploading_id in segment.after.passed
        return uploading_id in segment.before.passed and key not in segment.before.undecided
