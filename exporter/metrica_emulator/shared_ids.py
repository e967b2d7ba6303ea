"""Orders that came by the other method, where both methods share their ids."""

import sqlite3

from metrica_export.metrica.formats import ORDERS, Entity

from metrica_emulator.columns import SIMPLE_ORDERS
from metrica_emulator.stage import Values
from metrica_emulator.table import Table


def of_other_method(
    connection: sqlite3.Connection, entity: Entity, keys: set[str]
) -> dict[str, Values]:
    """Return the states of these orders under the other method, in this method's columns."""
    kept = set(Table.of(entity).columns) & set(Table.of(_other(entity)).columns)
    states = Table.of(_other(entity)).load(connection, keys)
    return {
        key: {name: value for name, value in state.items() if name in kept}
        for key, state in states.items()
    }


def move(connection: sqlite3.Connection, entity: Entity, states: dict[str, Values]) -> None:
    """Let orders that are now stored under this method leave the other, with their goals."""
    other = _other(entity).name
    connection.executemany(f"delete from {other} where id = ?", [(key,) for key in states])
    connection.executemany(
        "update goals_reached set entity = ?, order_key = ? where entity = ? and order_id = ?",
        [(entity.name, str(state.get("number", key)), other, key) for key, state in states.items()],
    )


def _other(entity: Entity) -> Entity:
    return ORDERS if entity is SIMPLE_ORDERS else SIMPLE_ORDERS
