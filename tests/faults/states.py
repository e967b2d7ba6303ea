"""The state of a row in one form, so that mart rows and Metrica's objects compare equal.

Imports nothing of the exporter, because an error there must not hide itself here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

State = dict[str, Any]
"""Column → value, without absent values. Lists are in order; products are quantities by id."""

CREATED, FINISHED, STATUS = "create_date_time", "finish_date_time", "order_status"
_LIST_COLUMNS = {"client_ids", "emails", "phones", "emails_md5", "phones_md5", "goal_action_ids"}
_NUMBER_COLUMNS = {"revenue", "cost", "identifiers_count", "items_count"}
_METRICA_COLUMNS = {
    "update_date_time",
    "status_type",
    "first_paid_at",
    "outside_window",
    "waits_for_contact",
    "uploading_id",
    "source",
}


@dataclass(frozen=True, slots=True)
class MartRow:
    """One row of a mart: its id, its row hash, its state, and `status_path` of an order."""

    key: str | None
    row_hash: str | None
    state: State
    status_path: str | None = None

    @property
    def steps(self) -> tuple[str | None, ...]:
        """The statuses to deliver, the present one last; empty if the path ends elsewhere."""
        status = self.state.get(STATUS)
        if self.status_path is None:
            return (status,)
        path = tuple(self.status_path.split(","))
        return path if path[-1] == status else ()


@dataclass(frozen=True, slots=True)
class AppliedState:
    """One state that Metrica applied. `sequence` numbers them in order.

    `status_type` is the type that the order's status had at that moment.
    """

    sequence: int
    uploading_id: str
    mart: str
    key: str
    state: State
    status_type: str | None


def without_status_and_date(state: State) -> State:
    """Return a state without its order status and creation date.

    Metrica may hold an earlier status of the path, and it keeps the first creation date.
    """
    return {name: value for name, value in state.items() if name not in (CREATED, STATUS)}


def mart_state(row: Mapping[str, Any]) -> State:
    """Return the state of a mart row."""
    return {
        name: _mart_value(name, value) for name, value in row.items() if value not in (None, "")
    }


def metrica_state(row: dict[str, Any], text: str | None = None) -> State:
    """Return the state of an object in Metrica, or the state in `text` (JSON)."""
    if text is not None:
        state = json.loads(text)
    else:
        custom = json.loads(row.pop("custom", None) or "{}")
        state = {name: _metrica_value(name, value) for name, value in row.items()} | custom
    if state.get(FINISHED) == state.get("first_paid_at"):
        state.pop(FINISHED, None)  # Metrica fills in an absent date
    return {
        name: value
        for name, value in state.items()
        if name not in _METRICA_COLUMNS and value not in (None, [])
    }


def _mart_value(name: str, value: object) -> object:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | int) and name in _NUMBER_COLUMNS:
        return float(value)
    if name in _LIST_COLUMNS:
        return str(value).split(",")
    if name == "products":
        parts = [part.rpartition(":") for part in str(value).split(",")]
        return {product: int(n) if n.isdigit() else n for product, _, n in parts}
    return value


def _metrica_value(name: str, value: object) -> object:
    as_json = name in _LIST_COLUMNS | {"goals", "products"}
    return json.loads(str(value)) if as_json and value is not None else value
