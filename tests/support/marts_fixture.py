"""Marts made by hand, in DuckDB or PostgreSQL, with the manifest that dbt would write.

The exporter's own tests change marts row by row; they need no dbt for that. That dbt's
marts are like these is what tests/end_to_end/test_job.py shows.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import psycopg2

from tests.support.database import Database

COLUMNS = {
    "order_statuses": {
        "id": "text",
        "type": "text",
        "humanized": "text",
        "goal_action_ids": "text",
    },
    "products": {"name": "text", "humanized": "text"},
    "contacts": {
        "uniq_id": "text",
        "name": "text",
        "create_date_time": "timestamp",
        "birth_date": "date",
        "client_ids": "text",
        "emails": "text",
        "phones": "text",
        "emails_md5": "text",
        "phones_md5": "text",
        "identifiers_count": "integer",
    },
    "orders": {
        "id": "text",
        "client_uniq_id": "text",
        "client_type": "text",
        "create_date_time": "timestamp",
        "finish_date_time": "timestamp",
        "order_status": "text",
        "revenue": "numeric(18,2)",
        "cost": "numeric(18,2)",
        "currency": "text",
        "goals": "text",
        "products": "text",
        "items_count": "integer",
    },
    "simple_orders": {
        "id": "text",
        "create_date_time": "timestamp",
        "client_uniq_id": "text",
        "client_ids": "text",
        "emails": "text",
        "phones": "text",
        "emails_md5": "text",
        "phones_md5": "text",
        "order_status": "text",
        "revenue": "numeric(18,2)",
        "cost": "numeric(18,2)",
        "goals": "text",
        "currency": "text",
    },
}
OWN = {"orders": {"status_path": "text"}}
"""Columns that are part of a row's hash and never leave the warehouse."""

ATTRIBUTES = {"identifiers_count": "Известные идентификаторы", "items_count": "Единиц в заказе"}
KEYS = {
    "order_statuses": "id",
    "products": "name",
    "contacts": "uniq_id",
    "orders": "id",
    "simple_orders": "id",
}

CONTACT = {
    "name": "Анна Ли",
    "create_date_time": "2026-01-02 03:04:05",
    "emails": "anna@example.com",
    "phones": "79995551111",
    "identifiers_count": 2,
}
ORDER = {
    "client_type": "CONTACT",
    "create_date_time": "2026-11-01 10:00:00",
    "order_status": "PAID",
    "revenue": "100.50",
    "currency": "RUB",
    "items_count": 1,
}


@dataclass(frozen=True)
class MartsWarehouse:
    """A warehouse with empty marts, and the folder with dbt's files for it."""

    folder: Path
    database: Database | None

    ledger: ClassVar[str | None] = None
    """The setting `ledger`."""

    @property
    def flags(self) -> list[str]:
        """The exporter's flags for this warehouse."""
        return ["--project-dir", str(self.folder), "--profiles-dir", str(self.folder)]

    @contextmanager
    def connection(self) -> Iterator[Any]:
        """Open a connection; on DuckDB it holds the file until it ends."""
        if self.database is None:
            duck = duckdb.connect(str(self.folder / "warehouse.duckdb"))
            duck.execute("set TimeZone = 'UTC'")
            try:
                yield duck
            finally:
                duck.close()
            return
        session = psycopg2.connect(self.database.dsn)
        try:
            with session, session.cursor() as cursor:
                yield cursor
        finally:
            session.close()

    def ledger_connection(self) -> AbstractContextManager[Any]:
        """Open a connection to the ledger."""
        return self.connection()

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Run SQL in the warehouse; return its rows, if it has any."""
        with self.connection() as connection:
            connection.execute(query)
            return connection.fetchall() if connection.description else []

    def put(
        self, mart: str, *rows: Mapping[str, Any], updated_at: str | None = "2026-11-02 00:00:00+00"
    ) -> None:
        """Insert rows, each with its hash, in place of those with the same key."""
        key = KEYS[mart]
        with self.connection() as connection:
            for row in rows:
                connection.execute(f"delete from metrica.{mart} where {key} = {_literal(row[key])}")
                names = ", ".join([*row, "updated_at"])
                values = ", ".join(_literal(value) for value in [*row.values(), updated_at])
                connection.execute(f"insert into metrica.{mart} ({names}) values ({values})")
            connection.execute(f"update metrica.{mart} set row_hash = {_hash(mart)}")

    def record_build(self, mart: str, time_zone: str) -> None:
        """Record another build of a mart, as dbt does."""
        self.sql(_build(mart, time_zone))

    def contacts(self, *ids: str, **cells: Any) -> None:
        """Put contacts that can be sent."""
        stamp = {"updated_at": cells.pop("updated_at")} if "updated_at" in cells else {}
        self.put("contacts", *({"uniq_id": i} | CONTACT | cells for i in ids), **stamp)

    def orders(self, *ids: str, **cells: Any) -> None:
        """Put orders that can be sent once their contact is."""
        stamp = {"updated_at": cells.pop("updated_at")} if "updated_at" in cells else {}
        base = ORDER | {"client_uniq_id": "c1"}
        self.put("orders", *({"id": i} | base | cells for i in ids), **stamp)

    def simple_orders(self, *ids: str, **cells: Any) -> None:
        """Put orders that can be sent without a contact."""
        base = {name: ORDER[name] for name in ORDER if name in COLUMNS["simple_orders"]}
        base |= {"emails": "anna@example.com"}
        self.put("simple_orders", *({"id": i} | base | cells for i in ids))


def make_marts(
    folder: Path, database: Database | None, time_zone: str = "Europe/Moscow"
) -> MartsWarehouse:
    """Make empty marts in a DuckDB file in `folder`, or in the PostgreSQL database."""
    made = MartsWarehouse(folder, database)
    kind = "duckdb" if database is None else "postgres"
    nodes: dict[str, Any] = {}
    with made.connection() as connection:
        connection.execute("create schema metrica")
        connection.execute("create schema metrica_work")
        connection.execute(
            "create table metrica_work.mart_builds (mart text, built_at timestamptz, "
            "time_zone text, row_count bigint, checksum numeric(38, 0), invocation_id text)"
        )
        for mart, exported in COLUMNS.items():
            columns = exported | OWN.get(mart, {})
            typed = ", ".join(f"{name} {kind_}" for name, kind_ in columns.items())
            connection.execute(
                f"create table metrica.{mart} ({typed}, updated_at timestamptz, row_hash text)"
            )
            connection.execute(_build(mart, time_zone))
            nodes[f"model.crm.{mart}"] = {
                "resource_type": "model",
                "name": mart,
                "alias": mart,
                "schema": "metrica",
                "config": {
                    "meta": {
                        "metrica": {
                            "entity": mart,
                            "counter_time_zone": time_zone,
                            "dbt_target": kind,
                        }
                    }
                },
                "columns": {
                    name: {"config": {"meta": _meta(name)}}
                    for name in [*columns, "updated_at", "row_hash"]
                },
            }
    (folder / "target").mkdir()
    manifest = {"metadata": {"adapter_type": kind}, "nodes": nodes}
    (folder / "target" / "manifest.json").write_text(json.dumps(manifest))
    (folder / "dbt_project.yml").write_text("name: crm\nprofile: crm\n")
    output: dict[str, Any] = {"type": "duckdb", "path": str(folder / "warehouse.duckdb")}
    if database is not None:
        output = database.dbt_target
    profiles = {"crm": {"target": kind, "outputs": {kind: output}}}
    # JSON is YAML.
    (folder / "profiles.yml").write_text(json.dumps(profiles))
    return made


def _build(mart: str, time_zone: str) -> str:
    return (
        "insert into metrica_work.mart_builds "
        f"select {_literal(mart)}, now(), {_literal(time_zone)}, 0, 0, 'made by hand'"
    )


def _meta(column: str) -> dict[str, Any]:
    if column not in ATTRIBUTES:
        return {}
    return {"metrica": {"type": "numeric", "humanized": ATTRIBUTES[column]}}


def _hash(mart: str) -> str:
    cells = " || '|' || ".join(
        f"coalesce('=' || cast({name} as text), '')"
        for name in [*COLUMNS[mart], *OWN.get(mart, {})]
    )
    return f"md5({cells})"


def _literal(value: object) -> str:
    if value is None:
        return "null"
    return "'" + str(value).replace("'", "''") + "'"
