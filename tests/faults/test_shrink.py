"""Tests of `shrink` on invented histories."""

from tests.faults.history import HistoryResult
from tests.faults.shrink import shrink

ACTIONS = tuple(f"action {number}" for number in range(8))


def run_actions(numbers: frozenset[int] | None, breaking: set[int]) -> HistoryResult:
    """Return a history that breaks an invariant if it contains all `breaking` actions."""
    numbers = frozenset(range(len(ACTIONS))) if numbers is None else numbers
    if 2 in numbers and 1 not in numbers:
        raise IndexError("action 2 needs a row of action 1")
    violations = (("sequence", "an older state"),) if breaking <= numbers else ()
    actions = tuple(ACTIONS[number] for number in sorted(numbers))
    return HistoryResult(1, "duckdb", "generated marts", actions, violations)


def test_shrink_keeps_only_the_actions_that_break_an_invariant() -> None:
    shrunk = shrink(lambda numbers: run_actions(numbers, {2, 5}), lambda _: None)
    assert shrunk is not None
    assert shrunk.action_numbers == (0, 1, 2, 5)
    assert shrunk.result.violations == (("sequence", "an older state"),)


def test_shrink_of_a_history_without_violations_returns_none() -> None:
    assert shrink(lambda numbers: run_actions(numbers, {99}), lambda _: None) is None
