"""Invariants of the orders' status paths: delivered in order, goals reached, dates unchanged."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.faults import readers
from tests.faults.delivery_progress import first_missing, is_append_only
from tests.faults.states import STATUS, MartRow
from tests.faults.version_log import VersionLog

_GOALS = {
    "IN_PROGRESS": {"CRM: Order created"},
    "PAID": {"CRM: Order created", "CRM: Order paid"},
    "CANCELLED": {"CRM: Order cancelled"},
    "SPAM": {"CRM: Spam order"},
    "OTHER": set[str](),
}
"""The goals that an order reaches with a status of each type.

Source: page "How to transmit customer and order data from a CRM".
"""


def delivered_statuses(state: Path) -> dict[str, list[str]]:
    """Return the statuses that Metrica applied to each order, in order."""
    statuses: dict[str, list[str]] = defaultdict(list)
    for applied in readers.read_applied_states(state):
        if applied.mart == "orders":
            statuses[applied.key].append(applied.state[STATUS])
    return statuses


def violations(
    state: Path, version_log: VersionLog, sent_orders: dict[str, MartRow]
) -> Iterator[tuple[str, str]]:
    """Yield the violations of the orders that the ledger counts as sent."""
    statuses = delivered_statuses(state)
    goals_reached = readers.read_goals_reached(state)
    javascript_goals = readers.read_javascript_goals(state)
    for key, row in sent_orders.items():
        paths = [version.steps for version in version_log.rows("orders", key) if version.steps]
        if is_append_only(paths) and (status := first_missing(row.steps, iter(statuses[key]))):
            yield "sequence", f"orders {key}: Metrica did not get status {status} in its turn"
        for status in statuses[key]:
            missing = _goals_of(status, version_log, javascript_goals) - goals_reached[key]
            if missing:
                yield "goals", f"orders {key}: status {status} did not reach {sorted(missing)}"
    yield from _changed_dates(state)


def _goals_of(status: str, version_log: VersionLog, javascript_goals: set[str]) -> set[str]:
    """Return the goals of a status; an empty set if its definition changed."""
    if status in javascript_goals:
        return {status}
    if status in _GOALS:
        return _GOALS[status]
    versions = version_log.versions.get(("order_statuses", status), [])
    row = versions[0].row if len(versions) == 1 else None
    if row is None or row.state.get("type") not in _GOALS:
        return set()
    return _GOALS[row.state["type"]] | set(row.state.get("goal_action_ids", ()))


def _changed_dates(state: Path) -> Iterator[tuple[str, str]]:
    query = (
        "select entity, uploading_id from uploads "
        "where warnings like '%create_date_change%' or errors like '%cannot_change%'"
    )
    for entity, uploading_id in readers.query_emulator(state, query):
        yield (
            "creation date",
            f"{entity}: {uploading_id} has another creation date than the first upload",
        )
