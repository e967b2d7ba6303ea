"""The shortest history that still breaks: actions are removed one by one."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.history import Told

Attempt = Callable[[frozenset[int] | None], Told]
"""Runs the actions of a history with these numbers, or all."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The shortest history found, the numbers of its actions, and how many were tried."""

    history: Told
    kept: tuple[int, ...]
    attempts: int


def shrink(attempt: Attempt, report: Callable[[str], None]) -> Shrunk | None:
    """Remove actions while the same invariant still breaks; None if the history is sound.

    Action 0 fills the marts and stays. An action does the same without the others, because
    `history.live` seeds the dice before each.
    """
    shortest = attempt(None)
    kept = frozenset(range(len(shortest.actions)))
    broken = _invariants(shortest)
    if not broken:
        return None
    attempts, removed = 1, True
    while removed:
        removed = False
        for number in sorted(kept - {0}, reverse=True):
            history = _try(attempt, kept - {number})
            attempts += 1
            if history is not None and broken & _invariants(history):
                kept, shortest, removed = kept - {number}, history, True
                report(f"{len(kept)} actions are enough, without number {number}")
    return Shrunk(shortest, tuple(sorted(kept)), attempts)


def _try(attempt: Attempt, kept: frozenset[int]) -> Told | None:
    try:
        return attempt(kept)
    except Exception:  # noqa: BLE001 - an action may need rows of a removed one
        return None


def _invariants(history: Told) -> set[str]:
    return {invariant for invariant, _ in history.violations}
