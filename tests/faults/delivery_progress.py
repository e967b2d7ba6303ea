"""The model of delivery: which status of a row's path Metrica may get next.

The path of a contact, and of an order without a history, is its present state as one step.
Imports nothing of the exporter: the model restates the contract of `status_path`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class DeliveredStep:
    """A step that Metrica applied: its position in the path, from 1, and its status.

    `row_hash` is set for the last step of a path. `resets` counts the resets of the ledger
    before the delivery.
    """

    uploading_id: str
    position: int
    status: str | None
    row_hash: str | None
    resets: int


@dataclass(frozen=True, slots=True)
class DeliveryProgress:
    """One possible explanation of the states that Metrica applied to a row.

    `last_passed` is the last step whose upload the ledger recorded as PASSED.
    `unconfirmed` are the steps after it. `version` is the number of the latest delivered
    version of the row in the version log.
    """

    version: int = 0
    last_passed: DeliveredStep | None = None
    unconfirmed: tuple[DeliveredStep, ...] = ()

    def with_passed(self, passed_uploads: frozenset[str]) -> "DeliveryProgress":
        """Return the progress after the ledger recorded these uploads as PASSED."""
        for number in reversed(range(len(self.unconfirmed))):
            step = self.unconfirmed[number]
            if step.uploading_id in passed_uploads:
                return replace(self, last_passed=step, unconfirmed=self.unconfirmed[number + 1 :])
        return self

    def with_step(self, step: DeliveredStep, version: int) -> "DeliveryProgress":
        """Return the progress after one more step."""
        return replace(self, version=version, unconfirmed=(*self.unconfirmed, step))

    def next_position(
        self,
        steps: Sequence[str | None],
        row_hash: str | None,
        resets: int,
        unknown_steps: Iterable[tuple[int | None, str | None]],
    ) -> tuple[int, bool]:
        """Return the position of the next step, and whether it repeats the last PASSED one.

        The next step follows the delivered status at its old position in the path. If the
        history was rewritten, it follows the status's last occurrence. If the path no longer
        contains that status or ends with it, only the present state remains. No step before one
        of the `unknown_steps` follows, which Metrica may have; they are found in the same way.
        """
        last = self.last_passed
        delivered = 0 if last is None else _position_in(steps, last.position, last.status)
        perhaps = [_position_in(steps, *step) for step in unknown_steps]
        if delivered is not None and delivered < len(steps):
            return max([delivered + 1, *(place for place in perhaps if place)]), False
        repeats = last is not None and (last.row_hash, last.resets) == (row_hash, resets)
        return len(steps), repeats


def _position_in(
    steps: Sequence[str | None], position: int | None, status: str | None
) -> int | None:
    if position is not None and steps[position - 1 : position] == (status,):
        return position
    positions = [place for place, step in enumerate(steps, 1) if step == status]
    return max(positions, default=None)


def is_append_only(paths: Sequence[Sequence[str | None]]) -> bool:
    """Return whether each path continues the one before it."""
    return all(later[: len(path)] == path for path, later in pairwise(paths))


def first_missing(path: Sequence[str | None], delivered: Iterator[str | None]) -> str | None:
    """Return the first status of a path that was not delivered in order; None if all were."""
    return next((str(status) for status in path if status not in delivered), None)
