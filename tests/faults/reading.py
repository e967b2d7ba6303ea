"""What the marts, the ledger and Metrica hold, read with plain SQL and made comparable.

Imports nothing of the exporter. To open a connection takes longer than to read all this, so
it is opened by the caller.
"""

import json
import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.faults.states import Applied, MartRow, State, mart_state, metrica_state
from tests.support.marts_fixture import COLUMNS, KEYS

MARTS = ("order_statuses", "products", "contacts", "orders")
"""The marts of the detailed method, which the campaign is about."""


class Connection(Protocol):
    """A connection of DuckDB's, or a cursor of psycopg2's."""

    def execute(self, query: str, /) -> object: ...

    def fetchall(self) -> list[tuple[Any, ...]]: ...


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the ledger says: the ids of PASSED uploads, and rows by mart and id.

    The last upload of `undecided` rows has no outcome; some upload of `handed_over` rows is
    PASSED or has no outcome. `statuses` are the order statuses that have been PASSED.
    """

    passed: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    undecided: frozenset[tuple[str, str]] = frozenset()
    handed_over: frozenset[tuple[str, str]] = frozenset()


def marts(connection: Connection) -> dict[str, list[MartRow]]:
    """Return every row of every mart."""
    found = {}
    for mart in MARTS:
        own = ["row_hash", "status_path"] if mart == "orders" else ["row_hash"]
        names = [*COLUMNS[mart], *own]
        lines = _rows(connection, f"select {', '.join(names)} from metrica.{mart}")
        rows = [dict(zip(names, line, strict=True)) for line in lines]
        found[mart] = [
            MartRow(
                row[KEYS[mart]],
                row.pop("row_hash"),
                path=row.pop("status_path", None),
                state=mart_state(row),
            )
            for row in rows
        ]
    return found


def ledger(connection: Connection, counter: int) -> Ledger:
    """Return what the ledger says now; nothing before there is one."""
    if "ledger_uploads" not in _tables(connection):
        return Ledger()
    passed = _rows(
        connection,
        "select uploading_id from metrica_export.ledger_uploads "
        f"where status = 'PASSED' and uploading_id is not null and counter_id = {counter}",
    )
    # One line for each row that was handed over: its uploads' outcomes, one after another.
    outcomes = _rows(
        connection,
        f"""
        select u.entity, d.id, string_agg(u.status, ',' order by d.upload_no)
        from metrica_export.ledger_deliveries d
        join metrica_export.ledger_uploads u on u.upload_no = d.upload_no
        where u.counter_id = {counter}
        group by u.entity, d.id
        """,
    )
    of = {(mart, key): statuses.split(",") for mart, key, statuses in outcomes}
    return Ledger(
        frozenset(row[0] for row in passed),
        frozenset(k for (m, k), all_ in of.items() if m == "order_statuses" and "PASSED" in all_),
        frozenset(row for row, all_ in of.items() if all_[-1] not in {"PASSED", "FAILED"}),
        frozenset(row for row, all_ in of.items() if {*all_} != {"FAILED"}),
    )


def row_states(connection: Connection) -> list[tuple[Any, ...]]:
    """Return mart, id, state and reason of each row, as the ledger's view tells analysts."""
    if "mart_rows" not in _tables(connection):
        return []
    return _rows(connection, "select entity, id, state, reason from metrica_export.mart_rows")


def ledger_text(connection: Connection) -> str:
    """Return all that the ledger's schema holds, tables and views, as text."""
    tables = _tables(connection)
    return "\n".join(
        str(_rows(connection, f"select * from metrica_export.{table}")) for table in tables
    )


def _tables(connection: Connection) -> list[str]:
    query = "select table_name from information_schema.tables where table_schema = 'metrica_export'"
    return [row[0] for row in _rows(connection, query)]


def _rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    connection.execute(query)
    return connection.fetchall()


def metrica(path: Path) -> dict[str, dict[str, State]]:
    """Return the present state of everything that Metrica holds."""
    found: dict[str, dict[str, State]] = {}
    with closing(_open(path)) as connection:
        for mart in MARTS:
            rows = [dict(row) for row in connection.execute(f"select * from {mart}")]
            kept = [row for row in rows if row.get("source") != "AUTO"]
            found[mart] = {row[KEYS[mart]]: metrica_state(row) for row in kept}
    return found


def applied(path: Path) -> list[Applied]:
    """Return every state of a contact or an order that Metrica took."""
    with closing(_open(path)) as connection:
        rows = connection.execute("select * from applied order by seq").fetchall()
    return [
        Applied(
            *(r["seq"], r["uploading_id"], r["entity"], r["id"]),
            state=metrica_state(dict(r), r["state"]),
            kind=json.loads(r["state"]).get("status_type"),
        )
        for r in rows
    ]


def javascript_goals(path: Path) -> set[str]:
    """Return the JavaScript goals of the counter."""
    return {goal for (goal,) in ask(path, "select goal_action_id from goals")}


def goals_reached(path: Path) -> dict[str, set[str]]:
    """Return the goals that each order has reached."""
    found: dict[str, set[str]] = defaultdict(set)
    for order, goal in ask(path, "select order_id, goal from goals_reached"):
        found[order].add(goal)
    return found


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what a query of the emulator's file finds."""
    with closing(_open(path)) as connection:
        rows = connection.execute(query).fetchall()
    return [tuple(row) for row in rows]


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=20)
    connection.row_factory = sqlite3.Row
    return connection
