"""A counter's schema: order statuses, custom attributes and JavaScript goals."""

import json
import sqlite3
from dataclasses import dataclass

from metrica_export.metrica.formats import DEFAULT_STATUSES


@dataclass(frozen=True, slots=True)
class Status:
    """An order status: its type and its JavaScript goals."""

    type: str
    goals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """A custom attribute."""

    type_name: str
    multivalued: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A snapshot of the counter's schema. `attributes` belong to one entity type, by name."""

    attributes: dict[str, Attribute]
    statuses: dict[str, Status]
    js_goals: frozenset[str]

    def status(self, status_id: str, *, simple: bool) -> Status | None:
        """Return an order status by its id; None if it is unknown.

        The simplified method has no mapping: the status of a simple order is a default status
        or the id of a JavaScript goal.
        """
        if status_id in self.statuses and not simple:
            return self.statuses[status_id]
        if status_id in DEFAULT_STATUSES:
            return Status(status_id)
        if status_id in self.js_goals:
            return Status("OTHER", (status_id,))
        return None


def load(connection: sqlite3.Connection, entity_type: str) -> Catalogue:
    """Return the present schema, with the attributes of one entity type."""
    attributes = connection.execute(
        "select name, type_name, multivalued from attributes where entity_type = ?", (entity_type,)
    )
    goals = frozenset(row[0] for row in connection.execute("select goal_action_id from goals"))
    statuses = connection.execute("select id, type, goal_action_ids from order_statuses")
    return Catalogue(
        attributes={row[0]: Attribute(row[1], bool(row[2])) for row in attributes},
        statuses={row["id"]: Status(row["type"], _goals_of(row, goals)) for row in statuses},
        js_goals=goals,
    )


def _goals_of(row: sqlite3.Row, js_goals: frozenset[str]) -> tuple[str, ...]:
    own = (row["id"],) if row["type"] == "OTHER" and row["id"] in js_goals else ()
    return tuple(dict.fromkeys((*own, *json.loads(row["goal_action_ids"]))))
