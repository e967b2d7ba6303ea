"""The measured works: this project's commands, the floors under them, and the rivals."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import requests
from metrica_export.settings import Limits

from benchmarks import floor, mart
from benchmarks.meter import Usage, measure
from benchmarks.server import BenchPostgres
from tests.support.marts_fixture import MartsWarehouse

_ROOT = Path(__file__).parents[1]

READ_FLOOR = "floor: read"
UPLOAD_FLOOR = "floor: upload"
PLAN = "plan"
FIRST = "first export"
QUIET = "run, nothing changed"
CHANGED = "run, 1,000 changed"
RECONCILE = "run --reconcile, nothing changed"
CURSOR_SCRIPT = "psycopg cursor + csv + requests"
RIVALS = {
    "pandas read_sql + to_csv + requests": "pandas_read_sql",
    CURSOR_SCRIPT: "cursor_csv",
    "dlt, custom destination": "dlt_destination",
    "drt, REST destination": "drt_rest",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One work in one round: its usage, the server's CPU seconds, and its requests with data.

    `ledger_bytes` is the size of a delivered state in PostgreSQL after a first export.
    """

    usage: Usage
    server_cpu: float
    data_requests: int
    ledger_bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class Bench:
    """A filled warehouse and a sink. Works are run one at a time."""

    marts: MartsWarehouse
    server: BenchPostgres | None
    sink: str
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """What the measured commands find in the environment."""
        env = {key: value for key, value in os.environ.items() if not _is_foreign(key)}
        env |= {
            "METRICA_TOKEN": "made-up",
            "METRICA_COUNTER_ID": "1",
            "METRICA_API_URL": self.sink,
            "BENCH_SINK": self.sink,
            "BENCH_CHUNK_ROWS": str(Limits().chunk_rows),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "TMPDIR": str(self.folder),
        }
        database = self.marts.database
        if database is not None:
            password = quote(database.password, safe="")
            env["BENCH_DSN"] = (
                f"postgresql+psycopg://{database.user}:{password}@{database.host}:"
                f"{database.port}/{database.name}"
            )
        return env

    def round(self, offset: int, rivals: Path | None) -> Iterator[tuple[str, Figure]]:
        """Do every work once, the first export after the ledger was taken away.

        `rivals` is the Python that has the rivals' packages, None to leave them out.
        """
        mart.forget(self.marts)
        yield READ_FLOOR, self._take(self._read_floor)
        self._write_files()
        yield UPLOAD_FLOOR, self._take(self._upload_floor)
        for name in floor.MARTS:
            (self.folder / f"{name}.csv").unlink()
        yield PLAN, self._take(self._ours("plan"))
        first = self._take(self._ours("run"))
        if self.server is not None:
            first = replace(first, ledger_bytes=mart.bytes_per_delivery(self.marts))
        yield FIRST, first
        mart.settle(self.marts)
        yield QUIET, self._take(self._ours("run"))
        mart.change(self.marts, 1_000, offset)
        yield CHANGED, self._take(self._ours("run"))
        yield RECONCILE, self._take(self._ours("run", "--reconcile"))
        if rivals is not None:
            for name, module in RIVALS.items():
                command: list[str | Path] = [rivals, "-m", f"benchmarks.rivals.{module}"]
                yield name, self._take(self._command(command))

    def _take(self, work: Callable[[], Usage]) -> Figure:
        before, cpu = self._data_requests(), self._server_cpu()
        usage = work()
        return Figure(usage, self._server_cpu() - cpu, self._data_requests() - before)

    def _ours(self, *arguments: str) -> Callable[[], Usage]:
        program = Path(sys.executable).with_name("metrica-export")
        return self._command([program, *arguments, *self.marts.flags])

    def _command(self, command: Sequence[str | Path]) -> Callable[[], Usage]:
        return lambda: measure(command, self.env)

    def _read_floor(self) -> Usage:
        return measure(self._copy_command(), {**self.env, **self._database_env()})

    def _write_files(self) -> None:
        """Keep what the floor of reading reads, for the floor of uploading."""
        if self.server is None:
            return
        for name in floor.MARTS:
            with (self.folder / f"{name}.csv").open("wb") as file:
                command = self._copy_command(name)
                subprocess.run(command, env=self._database_env(), stdout=file, check=True)

    def _upload_floor(self) -> Usage:
        """Send these files, in two requests."""
        command = ["curl", "--silent", "--fail"]
        for name in floor.MARTS:
            form = ["--form", f"file=@{self.folder / name}.csv;type=text/csv"]
            url = f"{self.sink}/cdp/api/v1/counter/1/data/{name}/csv"
            command += [*form, url, "--next", "--silent", "--fail"]
        return measure(command[:-3], self.env)

    def _copy_command(self, *names: str) -> list[str | Path]:
        file = self.marts.folder / "warehouse.duckdb"
        return floor.copy_command(self.server, file, self.folder, names or floor.MARTS)

    def _database_env(self) -> Mapping[str, str]:
        return {} if self.marts.database is None else self.marts.database.env

    def _server_cpu(self) -> float:
        return 0.0 if self.server is None else self.server.cpu_seconds()

    def _data_requests(self) -> int:
        answer = requests.get(f"{self.sink}/counts", timeout=10)
        return int(answer.json()["data_requests"])


def _is_foreign(variable: str) -> bool:
    return variable.startswith(("METRICA_", "DBT_", "PG")) or variable.lower().endswith("_proxy")


def starts() -> Iterator[tuple[str, Usage]]:
    """Measure how long the program takes before it does anything."""
    env = {key: value for key, value in os.environ.items() if not _is_foreign(key)}
    program = Path(sys.executable).with_name("metrica-export")
    flags = ["--counter-id", "1", "--project-dir", str(_ROOT / "no-such-folder")]
    yield "metrica-export --help", measure([program, "--help"], env)
    yield "a settings error", measure([program, "plan", *flags], env, exit_codes=(2,))
    for code in (
        "import metrica_export",
        "import metrica_export.cli.main",
        "import metrica_export.commands.run, metrica_export.cli.output",
    ):
        yield code, measure([sys.executable, "-c", code], env)


@contextmanager
def running_sink() -> Iterator[str]:
    """Start a sink of its own process; yields its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sink"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.communicate("")
