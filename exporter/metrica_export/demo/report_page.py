"""The report of the demo: one page in its folder, if the library for charts is installed."""

import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from metrica_export.errors import ExportError


def write_report(environment: Mapping[str, str], file: Path) -> str:
    """Write the report into `file` and return the line that names it, or how to get it.

    Raises ExportError if the report ends with an error.
    """
    if find_spec("vl_convert") is None:
        return (
            "The report needs charts: run `pip install 'metrica-crm-export[report]'`, then "
            "`metrica-export report`."
        )
    command = [sys.executable, "-m", "metrica_export", "report", "--output", str(file)]
    done = subprocess.run(
        command, env=dict(environment), stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise ExportError(
            f"metrica-export report ended with exit code {done.returncode}. Fix the error that it "
            "printed above and rerun."
        )
    return f"One page about all of it, for a browser: {file}"
