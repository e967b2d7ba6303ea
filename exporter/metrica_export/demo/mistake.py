"""A mistake that the gate stops: every open order turns PAID at once."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb

from metrica_export.errors import ExportError, GateError


def explain_stop(warehouse: Path, environment: Mapping[str, str]) -> str:
    """Make the mistake in the mart of a warehouse, and return the message of `plan`.

    Raises ExportError if `plan` does not stop it.
    """
    with duckdb.connect(str(warehouse)) as con:
        con.execute(_MISTAKE)
    command = [sys.executable, "-m", "metrica_export", "plan", "--json"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != GateError.exit_code:
        raise ExportError(
            f"The gate did not stop a mistake: plan ended with exit code {done.returncode}."
        )
    [(limit, text)] = json.loads(done.stdout)["exceeded"].items()
    return (
        f"{text}.\nExit code {done.returncode}. A run would stop here, before its first upload. To "
        f"proceed once, pass --accept {limit}."
    )


_MISTAKE = """
update metrica.orders
set order_status = 'paid', status_path = status_path || ',paid',
    row_hash = md5(row_hash), updated_at = now()
where order_status in ('new', 'in_work')
"""
