"""Shrinks a history that breaks an invariant by removing its actions one by one."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.history import HistoryResult

RunActions = Callable[[frozenset[int] | None], HistoryResult]
"""Runs the actions of a history with these numbers, or all of them for None."""


@dataclass(frozen=True, slots=True)
class ShrunkHistory:
    """The shortest history found, the numbers of its actions, and the number of attempts."""

    result: HistoryResult
    action_numbers: tuple[int, ...]
    attempts: int


def shrink(run_actions: RunActions, report: Callable[[str], None]) -> ShrunkHistory | None:
    """Remove actions while the same invariant breaks; return None if the history breaks none.

    Action 0 fills the marts and stays. `run_history` seeds the random generator before each
    action, so an action makes the same choices without the others.
    """
    shortest = run_actions(None)
    numbers = frozenset(range(len(shortest.actions)))
    broken = _broken_invariants(shortest)
    if not broken:
        return None
    attempts, removed = 1, True
    while removed:
        removed = False
        for number in sorted(numbers - {0}, reverse=True):
            result = _try(run_actions, numbers - {number})
            attempts += 1
            if result is not None and broken & _broken_invariants(result):
                numbers, shortest, removed = numbers - {number}, result, True
                report(f"{len(numbers)} actions suffice, without action {number}")
    return ShrunkHistory(shortest, tuple(sorted(numbers)), attempts)


def _try(run_actions: RunActions, numbers: frozenset[int]) -> HistoryResult | None:
    try:
        return run_actions(numbers)
    except Exception:  # noqa: BLE001 - an action may need rows of a removed one
        return None


def _broken_invariants(result: HistoryResult) -> set[str]:
    return {invariant for invariant, _ in result.violations}
