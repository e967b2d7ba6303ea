"""What the marts, the ledger and Metrica hold, read with plain SQL and made comparable.

Imports nothing of the exporter: what is wrong there must not be wrong here too. To
open a connection takes longer than to read all this, so it is opened by the caller.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from tests.marts_fixture import COLUMNS, KEYS


class Connection(Protocol):
    """A connection of DuckDB's, or a cursor of psycopg2's."""

    def execute(self, query: str, /) -> object: ...

    def fetchall(self) -> list[tuple[Any, ...]]: ...


State = dict[str, Any]
"""Column → value for every value that is not absent; lists in order, goals and products by id."""

_LISTS = {"client_ids", "emails", "phones", "emails_md5", "phones_md5", "goal_action_ids"}
_NUMBERS = {"revenue", "cost", "identifiers_count", "items_count"}
_METRICAS_OWN = {
    "update_date_time",
    "status_type",
    "first_paid_at",
    "outside_window",
    "uploading_id",
    "source",
}


@dataclass(frozen=True, slots=True)
class MartRow:
    """One row of a mart: its id, its hash, its contents."""

    key: str | None
    row_hash: str | None
    state: State


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the ledger says: ids of PASSED uploads, and rows whose last upload has no outcome.

    `statuses` are the order statuses that have been PASSED.
    """

    passed: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    undecided: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Applied:
    """One state that Metrica took, in the order in which it did."""

    number: int
    uploading_id: str
    mart: str
    key: str
    state: State


def marts(connection: Connection) -> dict[str, list[MartRow]]:
    """Return every row of every mart."""
    found = {}
    for mart, columns in COLUMNS.items():
        names = [*columns, "row_hash"]
        lines = _rows(connection, f"select {', '.join(names)} from metrica.{mart}")
        rows = [dict(zip(names, line, strict=True)) for line in lines]
        found[mart] = [
            MartRow(row[KEYS[mart]], row.pop("row_hash"), _mart_state(row)) for row in rows
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
    undecided = _rows(
        connection,
        f"""
        with sent as (
            select d.entity, d.id, u.status, row_number() over (
                partition by d.entity, d.id order by d.upload_no desc
            ) as nth
            from metrica_export.ledger_deliveries d
            join metrica_export.ledger_uploads u on u.upload_no = d.upload_no
            where u.counter_id = {counter}
        )
        select entity, id from sent
        where nth = 1 and status not in ('PASSED', 'FAILED')
        """,
    )
    statuses = _rows(
        connection,
        "select d.id from metrica_export.ledger_deliveries d "
        "join metrica_export.ledger_uploads u on u.upload_no = d.upload_no "
        f"where d.entity = 'order_statuses' and u.status = 'PASSED' and u.counter_id = {counter}",
    )
    return Ledger(
        frozenset(row[0] for row in passed),
        frozenset(row[0] for row in statuses),
        frozenset((row[0], row[1]) for row in undecided),
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
    with _open(path) as connection:
        for mart, key in KEYS.items():
            rows = [dict(row) for row in connection.execute(f"select * from {mart}")]
            kept = [row for row in rows if row.get("source") != "AUTO"]
            found[mart] = {row[key]: _metrica_state(row) for row in kept}
    connection.close()
    return found


def applied(path: Path) -> list[Applied]:
    """Return every state of a contact or an order that Metrica took."""
    with _open(path) as connection:
        rows = connection.execute("select * from applied order by seq").fetchall()
    connection.close()
    return [
        Applied(
            r["seq"], r["uploading_id"], r["entity"], r["id"], _metrica_state(dict(r), r["state"])
        )
        for r in rows
    ]


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what a query of the emulator's file finds."""
    with _open(path) as connection:
        rows = connection.execute(query).fetchall()
    connection.close()
    return [tuple(row) for row in rows]


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=20)
    connection.row_factory = sqlite3.Row
    return connection


def _mart_state(row: Mapping[str, Any]) -> State:
    return {name: _value(name, value) for name, value in row.items() if value not in (None, "")}


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


def _metrica_state(row: dict[str, Any], text: str | None = None) -> State:
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


def _decoded(name: str, value: object) -> object:
    as_json = name in _LISTS | {"goals", "products"}
    return json.loads(str(value)) if as_json and value is not None else value
