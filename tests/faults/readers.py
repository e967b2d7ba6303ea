"""Reads the marts, the ledger and Metrica's objects with plain SQL, in a comparable form.

Imports nothing of the exporter. The caller opens the warehouse connection, because opening it
takes longer than all these queries.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.faults.states import AppliedState, MartRow, State, mart_state, metrica_state
from tests.support.marts_fixture import COLUMNS, KEYS

MARTS = ("order_statuses", "products", "contacts", "orders")
"""The marts that the campaign covers. It leaves `simple_orders` out."""


class Connection(Protocol):
    """A DuckDB connection or a psycopg2 cursor."""

    def execute(self, query: str, /) -> object: ...

    def fetchall(self) -> list[tuple[Any, ...]]: ...


Step = tuple[int | None, str | None]
"""A delivery's position in the path of its time, and its status."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger's content: ids of PASSED uploads and statuses, and rows by mart and key.

    For rows in `outcome_unknown`, the last upload has no known outcome. For rows in
    `maybe_delivered`, at least one upload is PASSED or has no known outcome. `unknown_steps` has
    the steps of each row after its last PASSED upload that may have arrived.
    """

    passed_uploads: frozenset[str] = frozenset()
    passed_statuses: frozenset[str] = frozenset()
    outcome_unknown: frozenset[tuple[str, str]] = frozenset()
    maybe_delivered: frozenset[tuple[str, str]] = frozenset()
    unknown_steps: Mapping[tuple[str, str], frozenset[Step]] = field(default_factory=dict)


def read_marts(connection: Connection) -> dict[str, list[MartRow]]:
    """Return all rows of each mart."""
    marts = {}
    for mart in MARTS:
        internal = ["row_hash", "status_path"] if mart == "orders" else ["row_hash"]
        names = [*COLUMNS[mart], *internal]
        records = fetch(connection, f"select {', '.join(names)} from metrica.{mart}")
        rows = [dict(zip(names, record, strict=True)) for record in records]
        marts[mart] = [
            MartRow(
                row[KEYS[mart]],
                row.pop("row_hash"),
                status_path=row.pop("status_path", None),
                state=mart_state(row),
            )
            for row in rows
        ]
    return marts


def read_ledger(connection: Connection, counter: int) -> Ledger:
    """Return the ledger of a counter; an empty one before the first run."""
    if "ledger_uploads" not in _tables(connection):
        return Ledger()
    passed = fetch(
        connection,
        "select uploading_id from metrica_export.ledger_uploads "
        f"where status = 'PASSED' and uploading_id is not null and counter_id = {counter}",
    )
    # One record per delivered row, with the outcomes of its uploads in order.
    records = fetch(
        connection,
        f"""
        select u.entity, d.id, string_agg(u.status, ',' order by d.upload_no)
        from metrica_export.ledger_deliveries d
        join metrica_export.ledger_uploads u on u.upload_no = d.upload_no
        where u.counter_id = {counter}
        group by u.entity, d.id
        """,
    )
    outcomes = {(mart, key): statuses.split(",") for mart, key, statuses in records}
    return Ledger(
        frozenset(row[0] for row in passed),
        frozenset(k for (m, k), o in outcomes.items() if m == "order_statuses" and "PASSED" in o),
        frozenset(row for row, o in outcomes.items() if o[-1] not in {"PASSED", "FAILED"}),
        frozenset(row for row, o in outcomes.items() if {*o} != {"FAILED"}),
        _unknown_steps(connection, counter),
    )


def _unknown_steps(connection: Connection, counter: int) -> dict[tuple[str, str], frozenset[Step]]:
    records = fetch(
        connection,
        f"""
        with deliveries as (
            select u.entity, d.id, d.step, s.status, u.status as outcome, d.upload_no,
                max(case when u.status = 'PASSED' then d.upload_no else -1 end)
                    over (partition by u.entity, d.id) as passed_no
            from metrica_export.ledger_deliveries d
            join metrica_export.ledger_uploads u on u.upload_no = d.upload_no
            left join metrica_export.ledger_status_numbers s
                on s.counter_id = u.counter_id and s.status_no = d.status_no
            where u.counter_id = {counter}
        )
        select entity, id, step, status from deliveries
        where outcome in ('started', 'unknown') and upload_no > passed_no
        """,
    )
    steps: dict[tuple[str, str], frozenset[Step]] = defaultdict(frozenset)
    for mart, key, step, status in records:
        steps[mart, key] |= {(step, status)}
    return dict(steps)


def read_row_states(connection: Connection) -> list[tuple[Any, ...]]:
    """Return mart, id, state and reason of each row from the ledger's view `mart_rows`."""
    if "mart_rows" not in _tables(connection):
        return []
    return fetch(connection, "select entity, id, state, reason from metrica_export.mart_rows")


def read_ledger_text(connection: Connection) -> str:
    """Return the content of all tables and views in the ledger's schema as text."""
    tables = _tables(connection)
    return "\n".join(
        str(fetch(connection, f"select * from metrica_export.{table}")) for table in tables
    )


def _tables(connection: Connection) -> list[str]:
    query = "select table_name from information_schema.tables where table_schema = 'metrica_export'"
    return [row[0] for row in fetch(connection, query)]


def fetch(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on the warehouse."""
    connection.execute(query)
    return connection.fetchall()


def read_metrica(path: Path) -> dict[str, dict[str, State]]:
    """Return the present state of each object in Metrica, by mart and key."""
    objects: dict[str, dict[str, State]] = {}
    with closing(_open(path)) as connection:
        for mart in MARTS:
            rows = [dict(row) for row in connection.execute(f"select * from {mart}")]
            uploaded = [row for row in rows if row.get("source") != "AUTO"]
            objects[mart] = {row[KEYS[mart]]: metrica_state(row) for row in uploaded}
    return objects


def read_applied_states(path: Path) -> list[AppliedState]:
    """Return each state of a contact or an order that Metrica applied, in order."""
    with closing(_open(path)) as connection:
        rows = connection.execute("select * from applied order by seq").fetchall()
    return [
        AppliedState(
            *(row["seq"], row["uploading_id"], row["entity"], row["id"]),
            state=metrica_state(dict(row), row["state"]),
            status_type=json.loads(row["state"]).get("status_type"),
        )
        for row in rows
    ]


def read_last_sequence(path: Path) -> int:
    """Return the sequence number of the last applied state."""
    ((number,),) = query_emulator(path, "select coalesce(max(seq), 0) from applied")
    return int(number)


def count_posts(path: Path) -> int:
    """Return the number of POST requests, which are those that change something."""
    ((posts,),) = query_emulator(path, "select count(*) from requests where method = 'POST'")
    return int(posts)


def read_javascript_goals(path: Path) -> set[str]:
    """Return the JavaScript goals of the counter."""
    return {goal for (goal,) in query_emulator(path, "select goal_action_id from goals")}


def read_goals_reached(path: Path) -> dict[str, set[str]]:
    """Return the goals that each order has reached."""
    goals: dict[str, set[str]] = defaultdict(set)
    for order, goal in query_emulator(path, "select order_id, goal from goals_reached"):
        goals[order].add(goal)
    return goals


def query_emulator(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on the emulator's SQLite file."""
    with closing(_open(path)) as connection:
        rows = connection.execute(query).fetchall()
    return [tuple(row) for row in rows]


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=20)
    connection.row_factory = sqlite3.Row
    return connection
