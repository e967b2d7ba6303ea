"""Shrinking of a history that breaks, on histories that are made up."""

from tests.faults.history import Told
from tests.faults.shrink import shrink

ACTIONS = tuple(f"action {number}" for number in range(8))


def history(kept: frozenset[int] | None, culprits: set[int]) -> Told:
    present = frozenset(range(len(ACTIONS))) if kept is None else kept
    if 2 in present and 1 not in present:
        raise IndexError("action 2 needs a row of action 1")
    broken = (("order", "an older state"),) if culprits <= present else ()
    return Told(1, "duckdb", "marts", tuple(ACTIONS[n] for n in sorted(present)), broken)


def test_shrink_keeps_only_the_actions_that_break() -> None:
    shrunk = shrink(lambda kept: history(kept, {2, 5}), lambda _: None)
    assert shrunk is not None
    assert shrunk.kept == (0, 1, 2, 5)
    assert shrunk.history.violations == (("order", "an older state"),)


def test_shrink_of_a_sound_history_returns_nothing() -> None:
    assert shrink(lambda kept: history(kept, {99}), lambda _: None) is None
