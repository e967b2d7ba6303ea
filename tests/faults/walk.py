"""How far a row is on its way: which step of its path may come next, and which may not.

A contact's path, and that of an order without a history, is the one step of its present
state. Imports nothing of the exporter; this restates what `status_path` promises.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Step:
    """A step that Metrica took: its place in the path, from 1, and its status.

    `row_hash` is that of the row if this was the last step of its path; `resets` says after
    how many resets of the ledger it went.
    """

    uploading_id: str
    place: int
    status: str | None
    row_hash: str | None
    resets: int


@dataclass(frozen=True, slots=True)
class Walk:
    """What may have been told of a row so far.

    `known` is the last step of an upload that is known to be PASSED, `loose` are the steps
    after it, of which nobody could say so. `version` is the latest of the mart's versions of
    the row that was told.
    """

    version: int = 0
    known: Step | None = None
    loose: tuple[Step, ...] = ()

    def with_known(self, passed: frozenset[str]) -> "Walk":
        """Return the walk when these uploads are known to be PASSED."""
        for number in reversed(range(len(self.loose))):
            if self.loose[number].uploading_id in passed:
                return replace(self, known=self.loose[number], loose=self.loose[number + 1 :])
        return self

    def to(self, step: Step, version: int) -> "Walk":
        """Return the walk after one more step."""
        return replace(self, version=version, loose=(*self.loose, step))

    def next_place(
        self, steps: Sequence[str | None], row_hash: str | None, resets: int
    ) -> tuple[int, bool]:
        """Return the place of the step that is due now, and whether it was told before.

        After the delivered status comes what follows it in the path: in its old place, or
        else, when the history was written anew, in its last one. What is not in the path any
        more, or at its end, is followed by the present state alone.
        """
        after = 0 if self.known is None else _place_of(self.known, steps)
        if after is not None and after < len(steps):
            return after + 1, False
        last = self.known
        told = last is not None and (last.row_hash, last.resets) == (row_hash, resets)
        return len(steps), told


def _place_of(step: Step, steps: Sequence[str | None]) -> int | None:
    if step.place <= len(steps) and steps[step.place - 1] == step.status:
        return step.place
    places = [place for place, status in enumerate(steps, 1) if status == step.status]
    return max(places, default=None)


def grows(paths: Sequence[Sequence[str | None]]) -> bool:
    """Say whether a history was only ever continued."""
    return all(later[: len(path)] == path for path, later in pairwise(paths))


def missing(path: Sequence[str | None], told: Iterator[str | None]) -> str | None:
    """Return the first status of a path that was not told after those before it."""
    return next((str(status) for status in path if status not in told), None)
