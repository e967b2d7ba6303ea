"""The demo: the whole job, twice, with the commands of a user."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import click
import duckdb

from metrica_export import console
from metrica_export.demo import crm
from metrica_export.demo.holdings import show_holdings, show_schema
from metrica_export.demo.journey import show_journey
from metrica_export.demo.links import Link, find_links, send_visits
from metrica_export.demo.match_rate import measure, show_match_rate
from metrica_export.demo.mistake import explain_stop
from metrica_export.demo.report_page import write_report
from metrica_export.errors import ExportError
from metrica_export.warehouse.dbt_package import PACKAGE

FOLDER = Path("demo")
COUNTER = 12345678
ZONE = "Europe/Moscow"
_VARS = {
    "crm_has_order_status_history": True,
    "count_attributes": True,
    "default_calling_code": "7",
}
"""The vars of dbt for the made-up CRM."""

_T = TypeVar("_T")
_TOKEN = "demo-token"  # noqa: S105 - the emulator's, which takes any


def run_demo(contacts: int = 20_000) -> None:
    """Create a CRM, build its marts and export them to the emulator; repeat it a day later.

    All files are in the folder `demo` of the current folder, which is created again. Raises
    ExportError if a step fails.
    """
    started = monotonic()
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    FOLDER.mkdir()
    _write_profiles(FOLDER)

    _title("A CRM in a DuckDB file, with the flaws that real ones have")
    now = datetime.now(UTC)
    _change_crm(lambda con: crm.create(con, now=now - timedelta(days=1), contacts=contacts))
    _dbt()
    with _emulator() as url:
        _title("metrica-export run: all rows are new to Metrica")
        _export(url)
        # The rate of the first day is the forecast for the second one.
        _measure(url)
        _title("A day of work in the CRM")
        changes = _change_crm(crm.next_day)
        console.show(
            ("table", "rows new or changed", "touched, but equal", "sendable"),
            [
                (name, found.changed, found.touched, found.to_send)
                for name in ("contacts", "orders", "products")
                for found in [getattr(changes, name)]
            ],
        )
        _dbt()
        _title("metrica-export run: only the changed rows")
        _export(url)
        # The emulator needs seconds for the links to visits. The demo shows the plan meanwhile.
        with ThreadPoolExecutor(1) as pool:
            send_visits(url, _visits())
            links = pool.submit(find_links, url)
            _title("metrica-export plan after a mistake: every open order is marked as paid")
            click.echo(_plan_of_a_mistake())
            _show_metrica(links)
        _title("metrica-export measure: delivered orders, and those that Metrica ties to visits")
        measured = _measure(url)
        with duckdb.connect(str(_warehouse()), read_only=True) as warehouse:
            show_match_rate(warehouse, measured, ZONE)
    _title("metrica-export report")
    click.echo(write_report(_environment(METRICA_COUNTER_ID=str(COUNTER)), FOLDER / "report.html"))
    click.echo(_LOOK_FURTHER)
    click.echo(f"The demo took {monotonic() - started:.0f} seconds.")


def _title(text: str) -> None:
    click.secho(f"\n— {text}", bold=True)


def _write_profiles(folder: Path) -> None:
    path = str(folder.resolve() / "warehouse.duckdb")
    output = {"type": "duckdb", "path": path, "schema": "main", "threads": 2}
    profiles = {"metrica_crm": {"target": "duckdb", "outputs": {"duckdb": output}}}
    # JSON is YAML.
    (folder / "profiles.yml").write_text(json.dumps(profiles))


def _warehouse() -> Path:
    return FOLDER.resolve() / "warehouse.duckdb"


def _change_crm(change: Callable[[duckdb.DuckDBPyConnection], _T]) -> _T:
    with duckdb.connect(str(_warehouse())) as con:
        done = change(con)
        tables = con.execute(
            "select table_name, estimated_size from duckdb_tables() "
            "where schema_name = 'crm' order by 1"
        ).fetchall()
    click.echo(", ".join(f"{rows} {table}" for table, rows in tables))
    return done


def _environment(**more: str) -> dict[str, str]:
    return os.environ | {
        # The settings in the current folder are for another warehouse.
        "METRICA_CONFIG": os.devnull,
        "DBT_PROFILES_DIR": str(FOLDER.resolve()),
        "DBT_PROJECT_DIR": str(PACKAGE),
        "DBT_TARGET_PATH": str((FOLDER / "target").resolve()),
        "DBT_LOG_PATH": str((FOLDER / "logs").resolve()),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        **more,
    }


def _dbt() -> None:
    _title("dbt build")
    # The dbt of this Python's environment.
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "--no-use-colors", "build"]
    command += ["--exclude-resource-type", "unit_test"]
    command += ["--vars", json.dumps(_VARS)]
    started = monotonic()
    if subprocess.run(command, env=_environment(), check=False).returncode:
        raise ExportError("dbt build failed. Fix the errors that it printed above and rerun.")
    click.echo(f"marts built and tested in {monotonic() - started:.0f} seconds")


@contextmanager
def _emulator() -> Iterator[str]:
    command = [sys.executable, "-m", "metrica_export", "emulator", "--port", "0"]
    command += ["--counter", str(COUNTER), "--token", _TOKEN]
    command += ["--state", str(FOLDER / "metrica.sqlite")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None  # noqa: S101 - a pipe was asked for
        line = process.stderr.readline()
        try:
            if "http" not in line:
                raise ExportError(f"The emulator did not start: {line.strip()}")
            yield line[line.index("http") : line.rindex(",")]
        finally:
            process.terminate()


def _access(url: str) -> dict[str, str]:
    return _environment(METRICA_TOKEN=_TOKEN, METRICA_COUNTER_ID=str(COUNTER), METRICA_API_URL=url)


def _measure(url: str) -> dict[str, Any]:
    send_visits(url, _visits())
    return measure(_access(url))


def _export(url: str) -> None:
    command = [sys.executable, "-m", "metrica_export", "run"]
    code = subprocess.run(command, env=_access(url), check=False).returncode
    if code:
        raise ExportError(
            f"The run ended with exit code {code}. Fix the error that it printed above and rerun."
        )


def _visits() -> list[dict[str, str]]:
    with duckdb.connect(str(_warehouse()), read_only=True) as con:
        return crm.visits(con, zone=ZONE)


def _plan_of_a_mistake() -> str:
    folder = FOLDER / "mistake"
    folder.mkdir()
    _write_profiles(folder)
    shutil.copy(_warehouse(), folder)
    environment = _environment(
        DBT_PROFILES_DIR=str(folder.resolve()), METRICA_COUNTER_ID=str(COUNTER)
    )
    try:
        return explain_stop(folder / "warehouse.duckdb", environment)
    finally:
        shutil.rmtree(folder)


def _show_metrica(links: Future[list[Link]]) -> None:
    with (
        duckdb.connect(str(_warehouse()), read_only=True) as warehouse,
        closing(sqlite3.connect(FOLDER / "metrica.sqlite")) as state,
    ):
        _title("Order statuses and custom attributes in Metrica")
        show_schema(state)
        _title("Data in Metrica now (the emulator's state, demo/metrica.sqlite)")
        show_holdings(state, links.result())
        _title("The statuses of one order")
        show_journey(warehouse, state, links.result(), ZONE)


_ASK = (
    'import duckdb; duckdb.connect("demo/warehouse.duckdb")'
    '.sql("from metrica_export.mart_rows where id = $$704$$").show()'
)

_LOOK_FURTHER = f"""
Look further (in this folder, after `. .venv/bin/activate`):
  export DBT_PROFILES_DIR=demo DBT_TARGET_PATH={FOLDER.resolve()}/target
  export METRICA_COUNTER_ID={COUNTER}
  metrica-export status                rows by state: pending, sent, rejected, held
  metrica-export rejects               rejected and held rows with their reasons
  metrica-export plan                  rows that a run would send now
  python -c '{_ASK}'
"""
