"""A warehouse that dbt builds in: a DuckDB file or a PostgreSQL database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg

from tests.dbt.parsed_project import COMMANDS, parsed_project

MARTS = ("contacts", "orders", "products", "order_statuses")
EVERYTHING = {"crm_has_order_status_history": True, "simple_orders": True}
"""The variables that switch on what is off at first."""

KEYS = {
    "contacts": "uniq_id",
    "orders": "id",
    "products": "name",
    "order_statuses": "id",
    "simple_orders": "id",
}


NO_TESTS = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one dbt command did: its result lines by node, and what it complained about."""

    success: bool
    statuses: dict[str, str]
    complaints: str

    def count(self, kind: str, *statuses: str) -> int:
        """Return how many nodes of that kind ended in one of these states."""
        return sum(
            node.startswith(f"{kind}.") and status in statuses
            for node, status in self.statuses.items()
        )


@dataclass(frozen=True)
class Warehouse:
    """One target of profiles.yml with the variables that it reads, and its own dbt output."""

    target: str
    env: dict[str, str]
    project: Path
    profiles: Path
    output: Path

    def dbt(self, *args: str, **variables: Any) -> Outcome:
        """Run a dbt command in this process, for a CRM with Russian phones unless it says else."""
        variables = {"default_calling_code": "7"} | variables
        common = (
            *("--project-dir", str(self.project), "--profiles-dir", str(self.profiles)),
            *("--target", self.target, "--target-path", str(self.output / "target")),
            *("--log-path", str(self.output / "logs"), "--quiet"),
            *("--vars", yaml.safe_dump(variables, sort_keys=True)),
        )
        failed: list[Outcome] = []

        def parse() -> tuple[Manifest | None, str]:
            result, complaints = self._invoke(("parse", "--no-write-json", *common))
            if isinstance(result.result, Manifest):
                return result.result, complaints
            failed.append(_outcome(result, complaints))
            return None, complaints

        if args[0] not in COMMANDS:
            return _outcome(*self._invoke((*args, *common)))
        others = (self.target, common[-1])
        parsed = parsed_project(self.project, self.profiles, self._database, others, parse)
        if parsed is None:
            return failed[0]
        result, complaints = self._invoke((*args, *common), parsed.manifest(self._database))
        return _outcome(result, parsed.complaints + complaints)

    def _invoke(
        self, command: tuple[str, ...], manifest: Manifest | None = None
    ) -> tuple[dbtRunnerResult, str]:
        """Run dbt in this process; return its result and its complaints, a line each."""
        complaints: list[str] = []

        def listen(event: EventMsg) -> None:
            if event.info.level in {"warn", "error"}:
                complaints.append(event.info.msg)  # type: ignore[attr-defined] # it has one

        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.env.items():
                patch.setenv(name, value)
            result = dbtRunner(manifest, callbacks=[listen]).invoke(list(command))
        # Otherwise the file stays locked for as long as this process lives.
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        if result.exception:
            complaints.append(str(result.exception))
        return result, "".join(f"{line}\n" for line in complaints)

    @property
    def _database(self) -> str:
        """The name of the database, which dbt writes into a manifest."""
        return self.env.get("PGDATABASE") or Path(self.env["METRICA_DUCKDB_PATH"]).stem

    def build_marts(self, *args: str, **variables: Any) -> Outcome:
        """Build everything without a test, for tests of the rows."""
        outcome = self.dbt("build", *NO_TESTS, *args, **variables)
        assert outcome.success, outcome.complaints
        return outcome

    def build(self, *args: str, **variables: Any) -> Outcome:
        """Build everything; what the unit tests promise, one test runs for all others."""
        outcome = self.dbt("build", "--exclude-resource-type", "unit_test", *args, **variables)
        assert outcome.success, outcome.complaints
        return outcome

    def run(self, *statements: str) -> None:
        """Execute SQL statements, committed together."""
        with self._cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds; times with a zone come in UTC on both engines."""
        with self._cursor() as cursor:
            cursor.execute("set timezone = 'UTC'")
            cursor.execute(query)
            return [tuple(map(_plain, row)) for row in cursor.fetchall()]

    def columns(self, query: str) -> list[str]:
        """Return the names of a query's columns."""
        with self._cursor() as cursor:
            cursor.execute(query)
            return [column[0] for column in cursor.description]

    def marts(self, *names: str) -> dict[str, list[tuple[Any, ...]]]:
        """Return all the rows of these marts, or of all, in the order of their keys' bytes."""
        return {
            mart: self.rows(f'select * from metrica.{mart} order by {KEYS[mart]} collate "C"')
            for mart in names or MARTS
        }

    def time_zone(self, mart: str) -> str | None:
        """Return the time zone of a mart's newest recorded build."""
        found = self.rows(
            f"""select time_zone from metrica_work.mart_builds
            where mart = '{mart}' order by built_at desc limit 1"""
        )
        return str(found[0][0]) if found else None

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        if self.target == "duckdb":
            with duckdb.connect(self.env["METRICA_DUCKDB_PATH"]) as connection:
                yield connection
            return
        session = psycopg2.connect(
            host=self.env["PGHOST"],
            port=self.env["PGPORT"],
            user=self.env["PGUSER"],
            password=self.env["PGPASSWORD"],
            dbname=self.env["PGDATABASE"],
        )
        try:
            with session, session.cursor() as cursor:
                yield cursor
        finally:
            session.close()


def _outcome(result: dbtRunnerResult, complaints: str) -> Outcome:
    # A list of nodes has no states, and `docs generate` a catalogue instead of results.
    results = getattr(result.result, "results", None) or []
    statuses = {line.node.unique_id: str(line.status) for line in results if line.node}
    return Outcome(result.success, statuses, complaints.removesuffix("\n"))


def _plain(value: object) -> object:
    """Make values of both drivers comparable, the time zone's class above all."""
    return value.isoformat() if isinstance(value, date) else value
