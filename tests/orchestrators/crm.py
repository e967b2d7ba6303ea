"""A made-up CRM in a DuckDB file, a copy of the dbt project for it, and an emulator."""

import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml
from metrica_export.demo import crm

from tests.support.emulator_fixture import RunningEmulator

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
MARTS = ("order_statuses", "products", "contacts", "orders")
_VARS = {
    "crm_has_order_status_history": True,
    "default_calling_code": "7",
    "counter_time_zone": "Europe/Moscow",
}


@dataclass(frozen=True)
class Crm:
    """The folder of the dbt project, of its profile and of the warehouse; and a Metrica."""

    folder: Path
    emulator: RunningEmulator

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of dbt and of the exporter."""
        return {
            "DBT_PROJECT_DIR": str(self.folder),
            "DBT_PROFILES_DIR": str(self.folder),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "METRICA_API_URL": self.emulator.url,
            "METRICA_COUNTER_ID": str(self.emulator.counter),
            "METRICA_EXPORT_BIN": str(BIN),
            "METRICA_TOKEN": self.emulator.token,
        }

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with duckdb.connect(str(self.folder / "warehouse.duckdb")) as connection:
            return connection.execute(query).fetchall()

    def rows(self, mart: str) -> int:
        """Return the number of rows of a mart."""
        ((rows,),) = self.sql(f"select count(*) from metrica.{mart}")
        return int(rows)

    def held_by_metrica(self) -> int:
        """Return the number of orders that Metrica has."""
        ((orders,),) = self.emulator.sql("select count(*) from orders")
        return int(orders)

    def exit_codes(self) -> list[int | None]:
        """Return the exit codes of the runs in the ledger."""
        found = self.sql("select exit_code from metrica_export.ledger_runs order by run_no")
        return [code for (code,) in found]

    def forget_deliveries(self) -> None:
        """Let the next run send the contacts again."""
        self.sql("update metrica.contacts set row_hash = md5(row_hash), updated_at = now()")


def make_crm(folder: Path, emulator: RunningEmulator) -> Crm:
    """Copy the dbt project to a new folder, and create a small CRM there."""
    shutil.copytree(
        ROOT / "dbt_project", folder, ignore=shutil.ignore_patterns("target", "logs", "*.duckdb")
    )
    project = yaml.safe_load((folder / "dbt_project.yml").read_text())
    project["vars"] |= _VARS
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
    path = str(folder / "warehouse.duckdb")
    output = {"type": "duckdb", "path": path, "schema": "main", "threads": 2}
    profiles = {"metrica_crm": {"target": "duckdb", "outputs": {"duckdb": output}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles))
    with duckdb.connect(path) as connection:
        crm.create(connection, now=datetime.now(UTC), contacts=crm.MIN_CONTACTS)
        # So small a CRM has no flaws of its own. Metrica accepts no date before 1970.
        connection.execute(
            "update crm.contacts set created_at = timestamptz '1900-01-01 00:00:00+00' "
            "where contact_id in (select contact_id from crm.contacts order by 1 limit 5)"
        )
    return Crm(folder, emulator)
