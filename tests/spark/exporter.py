"""The exporter's command on the marts of a pair, with its ledger in PostgreSQL or beside them."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import duckdb
import yaml

from tests.spark.fixtures import Pair
from tests.support.database import Database
from tests.support.emulator_fixture import RunningEmulator

Process = subprocess.Popen[str]

Upload = tuple[str, int, str]
"""The entity of a file, its rows, and its sha256."""

_UPLOADS = (
    "select entity, row_count, sha256 from {schema}.ledger_uploads "
    "where status = 'PASSED' order by entity, upload_no"
)


@dataclass(frozen=True)
class Result:
    """How a run ended, and what it printed."""

    exit_code: int
    stdout: str
    stderr: str

    @classmethod
    def of(cls, process: Process) -> Self:
        """Wait for the end of a run."""
        stdout, stderr = process.communicate()
        return cls(process.returncode, stdout, stderr)


@dataclass(frozen=True)
class Exporter:
    """Runs the exporter in a process of its own.

    The ledger of the target `spark` is in the database `ledger`, that of `duckdb` in the file of
    its marts. `home` is a new folder.
    """

    pair: Pair
    target: str
    ledger: Database
    emulator: RunningEmulator
    home: Path

    def start(self, *flags: str, command: str = "run") -> Process:
        """Start a run, or another command."""
        self.home.mkdir(exist_ok=True)
        (self.home / "profiles.yml").write_text(yaml.safe_dump(self._profile()), "utf-8")
        program = [sys.executable, "-m", "metrica_export", command, "--target", self.target]
        ledger = ["--ledger", "ledger"] if self.target == "spark" else []
        return subprocess.Popen(
            [*program, *flags, *ledger],
            env=self._env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *flags: str) -> Result:
        """Run to the end."""
        return Result.of(self.start(*flags))

    def planned_files(self) -> dict[str, list[str]]:
        """Return the rows of each file that a run would send, sorted: no mart has an order.

        A row is JSON, with the names of its columns.

        Raises CalledProcessError if the plan fails.
        """
        folder = self.home / "files"
        planned = Result.of(self.start("--files", str(folder), command="plan"))
        if planned.exit_code:
            raise subprocess.CalledProcessError(planned.exit_code, "plan", stderr=planned.stderr)
        return {path.name: sorted(_rows(path)) for path in sorted(folder.iterdir())}

    def uploads(self) -> list[Upload]:
        """Return the files that were delivered, in their order."""
        if self.target == "duckdb":
            with duckdb.connect(str(self.pair.file), read_only=True) as file:
                return file.sql(_UPLOADS.format(schema="metrica_export")).fetchall()
        with self.ledger.connect() as connection, connection.cursor() as cursor:
            cursor.execute(_UPLOADS.format(schema=f"{self.pair.name}_metrica_export"))
            return cursor.fetchall()

    def _profile(self) -> dict[str, object]:
        profile = self.pair.lake.profile(self.pair.name)
        profile["metrica_crm"]["outputs"] |= {
            "duckdb": {"type": "duckdb", "path": str(self.pair.file), "schema": "main"},
            "ledger": self.ledger.dbt_target,
        }
        return profile

    def _env(self) -> dict[str, str]:
        return {
            **os.environ,
            **self.pair.lake.env,
            "METRICA_CONFIG": os.devnull,
            "METRICA_TOKEN": self.emulator.token,
            "METRICA_COUNTER_ID": str(self.emulator.counter),
            "METRICA_API_URL": self.emulator.url,
            "DBT_PROFILES_DIR": str(self.home),
            "DBT_PROJECT_DIR": str(self.pair.project),
            "DBT_TARGET_PATH": str(self.pair.home / "target"),
        }


def _rows(file: Path) -> Iterator[str]:
    if file.suffix == ".json":
        for rows in json.loads(file.read_text("utf-8")).values():
            yield from map(json.dumps, rows)
        return
    with file.open(encoding="utf-8", newline="") as lines:
        yield from map(json.dumps, csv.DictReader(lines, delimiter=";"))
