"""What a row says, in one form whether a mart says it or Metrica.

Imports nothing of the exporter: what is wrong there must not be wrong here too.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

State = dict[str, Any]
"""Column → value for every value that is not absent; lists in order, goals and products by id."""

CREATED, STATUS = "create_date_time", "order_status"
_LISTS = {"client_ids", "emails", "phones", "emails_md5", "phones_md5", "goal_action_ids"}
_NUMBERS = {"revenue", "cost", "identifiers_count", "items_count"}
_METRICAS_OWN = {
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
    """One row of a mart: its id, its hash, its contents, and of an order `status_path`."""

    key: str | None
    row_hash: str | None
    state: State
    path: str | None = None

    @property
    def steps(self) -> tuple[str | None, ...]:
        """The statuses on the row's way, its own last; none if the path does not lead there."""
        status = self.state.get(STATUS)
        if self.path is None:
            return (status,)
        parts = tuple(self.path.split(","))
        return parts if parts[-1] == status else ()


@dataclass(frozen=True, slots=True)
class Applied:
    """One state that Metrica took, in the order in which it did.

    `kind` is the type that an order's status had then.
    """

    number: int
    uploading_id: str
    mart: str
    key: str
    state: State
    kind: str | None


def content(state: State) -> State:
    """Return a state without what may rightly differ from the mart's for a while, or for good.

    An order may be on its way to its last status, and a creation date never changes again.
    """
    return {name: value for name, value in state.items() if name not in (CREATED, STATUS)}


def mart_state(row: Mapping[str, Any]) -> State:
    """Return what the cells of a mart's row say."""
    return {name: _value(name, value) for name, value in row.items() if value not in (None, "")}


def metrica_state(row: dict[str, Any], text: str | None = None) -> State:
    """Return what a row of Metrica's says, or the `text` that was kept of an earlier one."""
    if text is not None:
        state = json.loads(text)
    else:
        custom = json.loads(row.pop("custom", None) or "{}")
        state = {name: _decoded(name, value) for name, value in row.items()} | custom
    if state.get("finish_date_time") == state.get("first_paid_at"):
        state.pop("finish_date_time", None)  # Metrica fills it in where the CRM has none
    return {
        name: value
        for name, value in state.items()
        if name not in _METRICAS_OWN and value not in (None, [])
    }


def _value(name: str, value: object) -> object:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | int) and name in _NUMBERS:
        return float(value)
    if name in _LISTS:
        return str(value).split(",")
    if name == "products":
        parts = [part.rpartition(":") for part in str(value).split(",")]
        return {product: int(n) if n.isdigit() else n for product, _, n in parts}
    return value


def _decoded(name: str, value: object) -> object:
    as_json = name in _LISTS | {"goals", "products"}
    return json.loads(str(value)) if as_json and value is not None else value
