"""One warehouse, one Metrica, and the runs between them, each watched from outside."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from metrica_export.commands.run import PARTS, Parts
from metrica_export.errors import GateError, LedgerError, MetricaError

from tests.faults import gate, reading
from tests.faults.launcher import Launch, Launched, Process
from tests.faults.versions import Segment, Versions
from tests.support.emulator_fixture import RunningEmulator
from tests.support.marts_fixture import MartsWarehouse

_BUSY_SECONDS = 20
BUSY = LedgerError.exit_code
_FINISHED = (0, 1)
_STOPPED = GateError.exit_code
MAY_END = (*_FINISHED, MetricaError.exit_code, _STOPPED)
_AMENDED = (0, BUSY)
"""Done, or there is no ledger yet, or a killed run still holds the lock."""
_LIMITS = {"paid", "erased", "shrink", "unsendable"}


@dataclass(slots=True)
class World:
    """What a history happens to. `flags` and `environment` lead the exporter to the warehouse."""

    warehouse: MartsWarehouse
    emulator: RunningEmulator
    flags: list[str]
    environment: dict[str, str]
    secrets: set[str]
    parts: Parts = PARTS
    versions: Versions = field(default_factory=Versions)
    segments: list[Segment] = field(default_factory=list)
    violations: list[tuple[str, str]] = field(default_factory=list)
    refused_ids: set[str] = field(default_factory=set)
    edited: set[tuple[str, str]] = field(default_factory=set)
    tally: Counter[str] = field(default_factory=Counter)
    last_counts: dict[str, dict[str, int]] = field(default_factory=dict)
    resets: Counter[str] = field(default_factory=Counter)
    statuses_once: set[str] = field(default_factory=set)
    rows_before: dict[str, int] = field(default_factory=dict)
    _ledger: reading.Ledger = field(default_factory=reading.Ledger)
    drifting: bool = False
    _was_killed: bool = False

    @property
    def kind(self) -> str:
        return "duckdb" if self.warehouse.database is None else "postgres"

    @property
    def staging(self) -> Path:
        return self.warehouse.folder / "staging"

    def observe(self) -> None:
        """Note what the marts are now; must follow every change."""
        with self.warehouse.connection() as connection:
            self.versions.observe(reading.marts(connection))

    def start(self, *options: str, kill_at: int | None = None) -> Process:
        """Start a run; it must be ended by `end`."""
        self.staging.mkdir(exist_ok=True)
        self.tally["runs"] += 1
        own = ("--json", "--api-url", self.emulator.url, "--staging-dir", str(self.staging))
        return self._command("run", *own, *options, kill_at=kill_at)

    def retry(self) -> int:
        """Let the rows that Metrica refused go again; returns the exit code."""
        self.tally["retries"] += 1
        return self._amend(_AMENDED, "retry")

    def reset(self, *marts: str) -> int:
        """Let the ledger forget that Metrica has a mart's rows, or all; returns the exit code."""
        which = [part for mart in marts for part in ("--mart", mart)]
        exit_code = self._amend(_AMENDED, "reset", "--yes", *which)
        if exit_code == 0:
            self.resets.update(marts or reading.MARTS)
        return exit_code

    def put_back(self) -> int:
        """Put the mart's statuses back, which somebody has edited; returns the exit code."""
        self.tally["put back"] += 1
        exit_code = self._amend(MAY_END, "schema", "apply", "--api-url", self.emulator.url)
        if exit_code in _FINISHED:
            self.drifting = False
        return exit_code

    def _amend(self, expected: tuple[int, ...], *command: str) -> int:
        deadline = monotonic() + _BUSY_SECONDS
        while True:
            ended = self._command(*command).wait()
            if ended.exit_code != BUSY or not self._was_killed or monotonic() > deadline:
                break
            sleep(0.05)
        if ended.exit_code not in expected or "Traceback" in ended.stderr:
            self.wrong("end", f"{command}: exit code {ended.exit_code}: {ended.stderr[-600:]}")
        return ended.exit_code

    def _command(self, *arguments: str, kill_at: int | None = None) -> Process:
        everywhere = (*self.flags, "--counter-id", str(self.emulator.counter))
        self.tally["commands"] += 1
        output = self.warehouse.folder / f"command-{self.tally['commands']}"
        environment = {"METRICA_TOKEN": self.emulator.token} | self.environment
        launch = Launch((*arguments, *everywhere), environment, output, kill_at, self.parts)
        return Process(launch)

    def end(self, process: Process, expected: tuple[int, ...]) -> Launched:
        """Wait for the end of a run, and check how it ended."""
        ended = process.wait()
        self.tally[f"exit {ended.exit_code}"] += 1
        self._was_killed = ended.was_killed
        if ended.was_killed:
            self.tally["kills"] += 1
        elif ended.exit_code not in expected:
            self.wrong("end", f"exit code {ended.exit_code} of {expected}: {ended.stderr[-600:]}")
        if "Traceback" in ended.stderr:
            self.wrong("end", f"a traceback: {ended.stderr[-600:]}")
        for place, text in (("stdout", ended.stdout), ("stderr", ended.stderr)):
            found = sum(secret in text for secret in (*self.secrets, self.emulator.token))
            if found:
                self.wrong("secret", f"{found} of the seeded values are in {place} of a run")
        if not ended.was_killed:
            self._check_sums(ended)
        return ended

    def run(
        self,
        *options: str,
        kill_at: int | None = None,
        expected: tuple[int, ...] = MAY_END,
        meanwhile: Callable[[Process], None] | None = None,
    ) -> Launched:
        """Run once; `meanwhile` may change the marts and start other runs.

        A server notices the death of a client only after a moment, so what finds the lock
        of a killed run is started again.
        """
        first_tick, before = self.versions.tick, self._ledger
        after_number, posts = self._applied(), self._posts()
        deadline = monotonic() + _BUSY_SECONDS
        may_be_busy = self._was_killed
        while True:
            process = self.start(*options, kill_at=kill_at)
            if meanwhile:
                meanwhile(process)
            ended = self.end(process, (*expected, BUSY) if may_be_busy else expected)
            if ended.exit_code != BUSY or not may_be_busy or monotonic() > deadline:
                break
            sleep(0.05)
        with self.warehouse.connection() as connection:
            self._ledger = reading.ledger(connection, self.emulator.counter)
        self.statuses_once |= self._ledger.statuses
        accepted = "--accept" in options
        self._check_gate(ended, self._posts() - posts, crowded=bool(meanwhile), accepted=accepted)
        self.segments.append(
            Segment(
                *(after_number, first_tick, self.versions.tick, before, self._ledger),
                crowded=bool(meanwhile),
                accepted=accepted,
                resets=dict(self.resets),
            )
        )
        left = [] if ended.was_killed else sorted(path.name for path in self.staging.iterdir())
        self._clear_staging()
        if left:
            self.wrong("end", f"left behind in --staging-dir: {left}")
        return ended

    def finish(self) -> None:
        """Take all faults away, make one clean run, and a second one, which must be quiet."""
        self.emulator.clear_faults()
        self.emulator.switches(delayed_visibility=0, token_scope="write")
        self.emulator.quotas(parallel=3, requests_per_day_user=5000)
        if self.drifting:
            self.put_back()
        ended = self.run(expected=(*_FINISHED, _STOPPED))
        accept = ("--accept", ",".join(_LIMITS))
        if ended.exit_code == _STOPPED:
            ended = self.run(*accept, expected=_FINISHED)
        posts = self._posts()
        # Rows that were refused in the last run are unsendable in this one.
        quiet = self.run(*accept, expected=(ended.exit_code,))
        if (more := self._posts() - posts) or quiet.exit_code not in _FINISHED:
            self.wrong("quiet", f"{more} requests that upload, exit code {quiet.exit_code}")
        for kind, count in reading.ask(
            self.emulator.state, "select fault, count(*) from requests where fault <> '' group by 1"
        ):
            self.tally[f"fault {kind}"] += count

    def _applied(self) -> int:
        query = "select coalesce(max(seq), 0) from applied"
        ((number,),) = reading.ask(self.emulator.state, query)
        return int(number)

    def _posts(self) -> int:
        ((posts,),) = reading.ask(
            self.emulator.state, "select count(*) from requests where method = 'POST'"
        )
        return int(posts)

    def _check_sums(self, ended: Launched) -> None:
        try:
            entities = json.loads(ended.stdout)["entities"]
        except (ValueError, KeyError):
            self.wrong("end", f"no JSON on standard output, exit code {ended.exit_code}")
            return
        self.last_counts = entities
        for mart, counts in entities.items():
            done = sum(counts[name] for name in ("sent", "unchanged", "rejected", "held"))
            pending = 0 if ended.exit_code in _FINISHED else counts["pending"]
            if done + pending != counts["rows"] or pending < 0:
                self.wrong("sum", f"{mart}: {counts}")

    def _check_gate(self, ended: Launched, posts: int, *, crowded: bool, accepted: bool) -> None:
        """Check what a run did about the limits of the gate."""
        if ended.exit_code == _STOPPED:
            exceeded = json.loads(ended.stdout)["exceeded"].keys()
            may_be = _LIMITS | ({"drift"} if self.drifting else set())
            if not exceeded or not exceeded <= may_be:
                self.wrong("gate", f"stopped by {sorted(exceeded)}: {ended.stderr[-600:]}")
            if posts and not crowded:
                self.wrong("gate", f"{posts} requests that change something before it stopped")
        if ended.was_killed or crowded:
            # Whether its counts are in the ledger, nobody can say.
            self.rows_before.clear()
        elif ended.exit_code in _FINISHED:
            rows = {mart: counts["rows"] for mart, counts in self.last_counts.items()}
            for what in () if accepted else gate.shrunk(self.rows_before, rows):
                self.wrong("gate", what)
            self.rows_before |= rows

    def _clear_staging(self) -> None:
        # A killed run cannot tidy up; the next one makes a folder of its own.
        for left in self.staging.iterdir():
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()

    def wrong(self, invariant: str, message: str) -> None:
        """Note that an invariant is broken."""
        self.violations.append((invariant, message))
