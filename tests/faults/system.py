"""The system under test: one warehouse, one Metrica emulator, and the exporter's runs."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from metrica_export.commands.run import PARTS, Parts

from tests.faults import exit_codes, gate, readers
from tests.faults.launcher import CommandResult, ExporterCommand, ExporterProcess
from tests.faults.version_log import RunInterval, VersionLog
from tests.support.emulator_fixture import RunningEmulator
from tests.support.lake_marts import ICEBERG, LakeMarts
from tests.support.marts_fixture import MartsWarehouse

_BUSY_SECONDS = 20
_LIMITS = {"paid", "erased", "shrink", "unsendable"}


@dataclass(slots=True)
class SystemUnderTest:
    """The warehouse, the emulator, and the observations of a history.

    `flags` and `environment` connect the exporter to the warehouse. `refused_ids` are rows
    that an injected fault may refuse, and `edited_rows` were edited in Metrica. `event_counts`
    counts runs, kills, exit codes and faults.
    """

    warehouse: MartsWarehouse
    emulator: RunningEmulator
    flags: list[str]
    environment: dict[str, str]
    secrets: set[str]
    parts: Parts = PARTS
    version_log: VersionLog = field(default_factory=VersionLog)
    run_intervals: list[RunInterval] = field(default_factory=list)
    violations: list[tuple[str, str]] = field(default_factory=list)
    refused_ids: set[str] = field(default_factory=set)
    edited_rows: set[tuple[str, str]] = field(default_factory=set)
    event_counts: Counter[str] = field(default_factory=Counter)
    last_counts: dict[str, dict[str, int]] = field(default_factory=dict)
    resets: Counter[str] = field(default_factory=Counter)
    passed_statuses: set[str] = field(default_factory=set)
    previous_mart_sizes: dict[str, int] = field(default_factory=dict)
    _ledger: readers.Ledger = field(default_factory=readers.Ledger)
    has_drift: bool = False
    _last_run_was_killed: bool = False

    @property
    def warehouse_kind(self) -> str:
        if isinstance(self.warehouse, LakeMarts):
            return ICEBERG
        return "duckdb" if self.warehouse.database is None else "postgres"

    @property
    def staging(self) -> Path:
        return self.warehouse.folder / "staging"

    def record_marts(self) -> None:
        """Record the marts' rows in the version log; must follow every change."""
        with self.warehouse.connection() as connection:
            self.version_log.record(readers.read_marts(connection))

    def start_run(self, *options: str, kill_at_step: int | None = None) -> ExporterProcess:
        """Start a run; `finish_run` must follow."""
        self.staging.mkdir(exist_ok=True)
        self.event_counts["runs"] += 1
        own = ("--json", "--api-url", self.emulator.url, "--staging-dir", str(self.staging))
        return self._start("run", *own, *options, kill_at_step=kill_at_step)

    def retry(self) -> int:
        """Run `retry`, which releases the rows that Metrica refused; return the exit code."""
        self.event_counts["retries"] += 1
        return self._maintain(exit_codes.MAINTENANCE_EXIT_CODES, "retry")

    def reset(self, *marts: str) -> int:
        """Run `reset` for some marts, or for all; return the exit code."""
        options = [part for mart in marts for part in ("--mart", mart)]
        exit_code = self._maintain(exit_codes.MAINTENANCE_EXIT_CODES, "reset", "--yes", *options)
        if exit_code == 0:
            self.resets.update(marts or readers.MARTS)
        return exit_code

    def apply_schema(self) -> int:
        """Run `schema apply`, which restores edited statuses; return the exit code."""
        self.event_counts["schema applies"] += 1
        command = ("schema", "apply", "--yes", "--api-url", self.emulator.url)
        exit_code = self._maintain(exit_codes.RUN_EXIT_CODES, *command)
        if exit_code in exit_codes.FINISHED:
            self.has_drift = False
        return exit_code

    def _maintain(self, expected: tuple[int, ...], *command: str) -> int:
        deadline = monotonic() + _BUSY_SECONDS
        while True:
            result = self._start(*command).wait()
            busy = result.exit_code == exit_codes.BUSY and self._last_run_was_killed
            if not busy or monotonic() > deadline:
                break
            sleep(0.05)
        if result.exit_code not in expected or "Traceback" in result.stderr:
            message = f"{command}: exit code {result.exit_code}: {result.stderr[-600:]}"
            self.add_violation("exit", message)
        return result.exit_code

    def _start(self, *arguments: str, kill_at_step: int | None = None) -> ExporterProcess:
        common = (*self.flags, "--counter-id", str(self.emulator.counter))
        self.event_counts["commands"] += 1
        output = self.warehouse.folder / f"command-{self.event_counts['commands']}"
        environment = {"METRICA_TOKEN": self.emulator.token} | self.environment
        arguments = (*arguments, *common)
        command = ExporterCommand(arguments, environment, output, kill_at_step, self.parts)
        return ExporterProcess(command)

    def finish_run(self, process: ExporterProcess, expected: tuple[int, ...]) -> CommandResult:
        """Wait until a run ends; check its exit code, its output and its counts."""
        result = process.wait()
        exit_code, stderr = result.exit_code, result.stderr[-600:]
        self.event_counts[f"exit {exit_code}"] += 1
        self._last_run_was_killed = result.was_killed
        if result.was_killed:
            self.event_counts["kills"] += 1
        elif exit_code not in expected:
            self.add_violation("exit", f"exit code {exit_code}, expected {expected}: {stderr}")
        if "Traceback" in result.stderr:
            self.add_violation("exit", f"traceback: {stderr}")
        for stream, text in (("stdout", result.stdout), ("stderr", result.stderr)):
            found = sum(secret in text for secret in (*self.secrets, self.emulator.token))
            if found:
                self.add_violation("secrets", f"{found} secret values in {stream} of a run")
        if not result.was_killed:
            self._check_counts(result)
        return result

    def run(
        self,
        *options: str,
        kill_at_step: int | None = None,
        expected: tuple[int, ...] = exit_codes.RUN_EXIT_CODES,
        during_run: Callable[[ExporterProcess], None] | None = None,
    ) -> CommandResult:
        """Run the exporter once; `during_run` may change the marts and start other runs.

        A database server needs a moment to release the lock of a killed run. The next run
        starts again until then.
        """
        first_tick, ledger_before = self.version_log.tick, self._ledger
        state = self.emulator.state
        last_sequence, posts = readers.read_last_sequence(state), readers.count_posts(state)
        deadline = monotonic() + _BUSY_SECONDS
        may_be_busy = self._last_run_was_killed
        while True:
            process = self.start_run(*options, kill_at_step=kill_at_step)
            if during_run:
                during_run(process)
            result = self.finish_run(
                process, (*expected, exit_codes.BUSY) if may_be_busy else expected
            )
            if result.exit_code != exit_codes.BUSY or not may_be_busy or monotonic() > deadline:
                break
            sleep(0.05)
        with self.warehouse.ledger_connection() as connection:
            self._ledger = readers.read_ledger(connection, self.emulator.counter)
        self.passed_statuses |= self._ledger.passed_statuses
        interval = RunInterval(
            *(last_sequence, first_tick, self.version_log.tick, ledger_before, self._ledger),
            has_concurrent_changes=bool(during_run),
            limits_accepted="--accept" in options,
            resets=dict(self.resets),
        )
        self._check_gate(result, readers.count_posts(state) - posts, interval)
        self.run_intervals.append(interval)
        left = [] if result.was_killed else sorted(path.name for path in self.staging.iterdir())
        self._clear_staging()
        if left:
            self.add_violation("exit", f"files left in --staging-dir: {left}")
        return result

    def finish_history(self) -> None:
        """Clear all faults and run twice; the second run must not upload anything."""
        self.emulator.clear_faults()
        self.emulator.switches(delayed_visibility=0, token_scope="write")
        self.emulator.quotas(parallel=3, requests_per_day_user=5000)
        if self.has_drift:
            self.apply_schema()
        result = self.run(expected=(*exit_codes.FINISHED, exit_codes.STOPPED_BY_GATE))
        accept = ("--accept", ",".join(_LIMITS))
        if result.exit_code == exit_codes.STOPPED_BY_GATE:
            result = self.run(*accept, expected=exit_codes.FINISHED)
        posts = readers.count_posts(self.emulator.state)
        # Rows that Metrica refused in the last run are unsendable in this one.
        idle = self.run(*accept, expected=(result.exit_code,))
        more = readers.count_posts(self.emulator.state) - posts
        if more or idle.exit_code not in exit_codes.FINISHED:
            self.add_violation("idempotence", f"{more} uploads, exit code {idle.exit_code}")
        query = "select fault, count(*) from requests where fault <> '' group by 1"
        for fault, count in readers.query_emulator(self.emulator.state, query):
            self.event_counts[f"fault {fault}"] += count

    def _check_counts(self, result: CommandResult) -> None:
        try:
            entities = json.loads(result.stdout)["entities"]
        except (ValueError, KeyError):
            self.add_violation("exit", f"no JSON on stdout, exit code {result.exit_code}")
            return
        self.last_counts = entities
        for mart, counts in entities.items():
            done = sum(counts[name] for name in ("sent", "unchanged", "rejected", "held"))
            pending = 0 if result.exit_code in exit_codes.FINISHED else counts["pending"]
            if done + pending != counts["rows"] or pending < 0:
                self.add_violation("counts", f"{mart}: {counts}")

    def _check_gate(self, result: CommandResult, posts: int, interval: RunInterval) -> None:
        """Check that a run above a limit stopped, and that it stopped for a limit."""
        concurrent = interval.has_concurrent_changes
        if result.exit_code == exit_codes.STOPPED_BY_GATE:
            exceeded = json.loads(result.stdout)["exceeded"].keys()
            allowed = _LIMITS | ({"drift"} if self.has_drift else set())
            if not exceeded or not exceeded <= allowed:
                message = f"stopped by {sorted(exceeded)}: {result.stderr[-600:]}"
                self.add_violation("gate", message)
            if posts and not concurrent:
                self.add_violation("gate", f"{posts} uploads before the gate stopped the run")
        if result.was_killed or concurrent:
            # It is unknown whether the ledger holds the counts of this run.
            self.previous_mart_sizes.clear()
        elif result.exit_code in exit_codes.FINISHED:
            sizes = {mart: counts["rows"] for mart, counts in self.last_counts.items()}
            if not interval.limits_accepted:
                for message in gate.shrink_violations(self.previous_mart_sizes, sizes):
                    self.add_violation("gate", message)
            self.previous_mart_sizes |= sizes

    def _clear_staging(self) -> None:
        # A killed run leaves its folder behind. The next run creates its own.
        for path in self.staging.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def add_violation(self, invariant: str, message: str) -> None:
        """Record a broken invariant."""
        self.violations.append((invariant, message))
