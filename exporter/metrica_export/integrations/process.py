"""One `metrica-export run` in a process of its own, as an orchestrator starts it."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import IO, Any

COMMAND = (sys.executable, "-m", "metrica_export")
"""The command of this environment."""

EXIT_CODES = {
    0: "finished",
    1: "finished, with the rejected and held rows that --fail-on names",
    2: "settings",
    3: "warehouse",
    4: "Metrica",
    5: "ledger or lock",
    6: "stopped by the gate, before the first upload",
    70: "unexpected error",
    130: "interrupted",
}

FAIL_ON, GATE = 1, 6

RETRYABLE = frozenset({3, 4, 5, 130})
"""Exit codes after which another attempt may succeed.

A second attempt after code 1 would end with 0 under `--fail-on new`, and hide the rows.
"""

GRACE_SECONDS = 60
"""Time for the end in order after a signal, before the process is killed."""

Log = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Finished:
    """The exit code of a run, and the object of `run --json`; empty if it printed none."""

    exit_code: int
    result: dict[str, Any]

    @property
    def is_retryable(self) -> bool:
        """Whether another attempt may succeed; a killed process has a negative exit code."""
        return self.exit_code in RETRYABLE or self.exit_code < 0

    @property
    def message(self) -> str:
        """The class of the problem, and the run's own message."""
        kind = EXIT_CODES.get(self.exit_code, "the process was killed")
        error = self.result.get("error") or "The log of the run has the reason."
        return f"metrica-export ended with exit code {self.exit_code} ({kind}). {error}"

    def counts(self, mart: str) -> dict[str, int]:
        """Return the counts of a mart, and its expiring orders; empty if it was not compared."""
        found: dict[str, int] = dict(self.result.get("entities", {}).get(mart, {}))
        if found:
            changes = self.result.get("changes", {}).get(mart, {})
            unselected = changes.get("unselected", 0)
            expiring = min(changes.get("expiring", 0), max(0, found["pending"] - unselected))
            for key in ("unsendable_expiring", "unselected_expiring"):
                expiring += changes.get(key, 0)
            found["expiring"] = expiring
            found["delivered"] = found["sent"] + found["unchanged"]
        return found


@dataclass(slots=True)
class ExportProcess:
    """A run of the command line. `environment` is added to that of this process."""

    arguments: Sequence[str]
    command: Sequence[str] = COMMAND
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    _process: "subprocess.Popen[str] | None" = None

    def run(self, log: Log) -> Finished:
        """Run to the end, and pass each line of the run's log on with its level.

        An exception in this thread, such as that of an interrupt, ends the run in order first.
        """
        self._process = subprocess.Popen(
            [*self.command, "run", *self.arguments, "--json", "--log-format", "json"],
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        with self._process as process:
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            assert process.stderr is not None  # noqa: S101 - the same
            output: list[str] = []
            reader = Thread(target=_read, args=(process.stdout, output))
            reader.start()
            try:
                for line in process.stderr:
                    log(*_parse(line))
                code = process.wait()
            except BaseException:
                self.stop()
                raise
            finally:
                reader.join()
        return Finished(code, _last_object(output))

    def stop(self) -> None:
        """End the run in order: it records its end in the ledger and releases the lock."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
            return
        process.kill()

    def signal(self) -> None:
        """Ask the run to end in order, and do not wait."""
        if self._process is not None:
            self._process.terminate()


def _read(stream: IO[str], lines: list[str]) -> None:
    lines.extend(stream)


def _parse(line: str) -> tuple[int, str]:
    """Return the level and the message of a line of the log."""
    try:
        found = json.loads(line)
        level = logging.getLevelNamesMapping()[found["level"].upper()]
        return level, str(found["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        # Python's own warnings and errors.
        return logging.INFO, line.rstrip("\n")


def _last_object(lines: list[str]) -> dict[str, Any]:
    for line in reversed(lines):
        with suppress(ValueError):
            found = json.loads(line)
            if isinstance(found, dict):
                return found
    return {}
