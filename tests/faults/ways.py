"""What must hold of an order's way through its statuses, and of the dates that went first."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.faults import reading
from tests.faults.states import STATUS, MartRow
from tests.faults.versions import Versions
from tests.faults.walk import grows, missing

_GOALS = {
    "IN_PROGRESS": {"CRM: Order created"},
    "PAID": {"CRM: Order created", "CRM: Order paid"},
    "CANCELLED": {"CRM: Order cancelled"},
    "SPAM": {"CRM: Spam order"},
    "OTHER": set[str](),
}
"""What an order reaches by coming to a status of that type (contacts)."""


def told(state: Path) -> dict[str, list[str]]:
    """Return the statuses that Metrica was told of each order, one after another."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in reading.applied(state):
        if each.mart == "orders":
            found[each.key].append(each.state[STATUS])
    return found


def broken(state: Path, versions: Versions, sent: dict[str, MartRow]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the ways of the orders that count as `sent`."""
    statuses = told(state)
    reached = reading.goals_reached(state)
    javascript = reading.javascript_goals(state)
    for key, row in sent.items():
        paths = [was.steps for was in versions.rows("orders", key) if was.steps]
        if grows(paths) and (status := missing(row.steps, iter(statuses[key]))):
            yield "order", f"orders {key} was never told {status} in its turn"
        for status in statuses[key]:
            lacking = _goals(status, versions, javascript) - reached[key]
            if lacking:
                yield "goals", f"orders {key} came to {status} and not to {sorted(lacking)}"
    yield from _changed_dates(state)


def _goals(status: str, versions: Versions, javascript: set[str]) -> set[str]:
    """Return the goals of a status, none if it has not always meant the same."""
    if status in javascript:
        return {status}
    if status in _GOALS:
        return _GOALS[status]
    meanings = versions.of.get(("order_statuses", status), [])
    row = meanings[0].row if len(meanings) == 1 else None
    if row is None or row.state.get("type") not in _GOALS:
        return set()
    return _GOALS[row.state["type"]] | set(row.state.get("goal_action_ids", ()))


def _changed_dates(state: Path) -> Iterator[tuple[str, str]]:
    query = (
        "select entity, uploading_id from uploads "
        "where warnings like '%create_date_change%' or errors like '%cannot_change%'"
    )
    for entity, uploading_id in reading.ask(state, query):
        yield "date", f"{entity}: {uploading_id} had another creation date than went first"
