"""The match rate of the demo: orders in the CRM, delivered, tied to visits, and expected."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import click
import duckdb

from metrica_export import console
from metrica_export.errors import ExportError

_MONTHS = """
select strftime(timezone($zone, created_at), '%Y-%m'), count(*) from crm.orders group by all
"""


def measure(environment: Mapping[str, str]) -> dict[str, Any]:
    """Run `metrica-export measure` and return its JSON. Raises ExportError if it fails."""
    command = [sys.executable, "-m", "metrica_export", "measure", "--early", "--json"]
    done = subprocess.run(
        command, env=dict(environment), stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise ExportError(
            f"metrica-export measure ended with exit code {done.returncode}. Fix the error that it "
            "printed above and rerun."
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def show_match_rate(
    warehouse: duckdb.DuckDBPyConnection, measured: dict[str, Any], zone: str
) -> None:
    """Print the orders of each measured month side by side."""
    in_crm = dict(warehouse.execute(_MONTHS, {"zone": zone}).fetchall())
    rows = [
        (
            cohort["cohort"],
            in_crm.get(cohort["cohort"], 0),
            cohort["delivered"],
            cohort["in_window"],
            cohort["tied"],
            "-" if cohort["expected"] is None else round(cohort["expected"]),
            "-" if cohort["rate"] is None else f"{100 * cohort['rate']:.1f} %",
        )
        for cohort in measured["cohorts"]
    ]
    heads = ("orders of", "in the CRM", "delivered", "in window", "tied", "expected", "rate")
    console.show(heads, rows)
    click.echo(
        "In window: the orders that arrived within 21 days. The demo's site has visits of these "
        "weeks. Expected: by the rate after the first run."
    )
