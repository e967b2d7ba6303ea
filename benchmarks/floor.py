"""The floor under reading: the warehouse's own COPY of the marts."""

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.server import BenchPostgres

MARTS = ("contacts", "orders")


def copy_command(
    server: BenchPostgres | None, file: Path, folder: Path, names: Sequence[str] = MARTS
) -> list[str | Path]:
    """Return the command that copies marts as CSV.

    psql writes to standard output. DuckDB, for which `server` is None, copies from its `file` to
    `<mart>.csv` in `folder`.
    """
    queries = {name: f"select * from metrica.{name}" for name in names}
    if server is None:
        copies = "; ".join(
            f"copy ({query}) to '{folder / name}.csv' (header)" for name, query in queries.items()
        )
        code = f"import duckdb; duckdb.connect({str(file)!r}, read_only=True).execute({copies!r})"
        return [sys.executable, "-c", code]
    copies_to_stdout = [f"copy ({query}) to stdout with csv" for query in queries.values()]
    commands = [part for copy in copies_to_stdout for part in ("--command", copy)]
    return [server.psql, "--no-psqlrc", "--quiet", *commands]
