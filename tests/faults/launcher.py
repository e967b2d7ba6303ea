"""Launches the exporter's commands, each in its own process, which may be killed.

The processes are forked from a server process that has imported all modules and opened no
connection. This saves the second that a new interpreter takes to start.
"""

import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from metrica_export.cli import main
from metrica_export.commands import run

from tests.faults.io_steps import IoSteps

_MAX_SLEEP_SECONDS = 0.01
_TIMEOUT_SECONDS = 120
_FORK_SERVER = multiprocessing.get_context("forkserver")
_FORK_SERVER.set_forkserver_preload(["__main__", __name__])


@dataclass(frozen=True, slots=True)
class ExporterCommand:
    """One command of the exporter.

    `output` is the path of its output files without their suffixes. `kill_at_step` is the
    number of the I/O step at which the process kills itself.
    """

    arguments: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)
    output: Path
    kill_at_step: int | None = None
    parts: run.Parts = run.PARTS


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The result of a command. `io_steps` are labels; a killed process leaves none."""

    exit_code: int
    stdout: str = field(repr=False)
    stderr: str = field(repr=False)
    io_steps: tuple[str, ...] = ()

    @property
    def was_killed(self) -> bool:
        return self.exit_code < 0


class ExporterProcess:
    """The process of a command. It starts at once; `wait` must follow."""

    def __init__(self, command: ExporterCommand) -> None:
        self._command = command
        self._process = _FORK_SERVER.Process(target=_run, args=(command,))
        self._process.start()

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def pause(self) -> None:
        """Stop the process at its present instruction."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Continue a paused process."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def wait(self) -> CommandResult:
        """Wait until the process ends; after a timeout, kill it and raise TimeoutError."""
        self._process.join(_TIMEOUT_SECONDS)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
            raise TimeoutError(f"A run hung: {self._command.arguments}")
        exit_code = self._process.exitcode
        self._process.close()
        stdout, stderr, steps = (self._read(suffix) for suffix in ("stdout", "stderr", "steps"))
        return CommandResult(exit_code, stdout, stderr, tuple(steps.splitlines()))

    def _read(self, suffix: str) -> str:
        path = self._command.output.with_suffix(f".{suffix}")
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        path.unlink(missing_ok=True)
        return text


def _run(command: ExporterCommand) -> None:
    for descriptor, suffix in ((1, "stdout"), (2, "stderr")):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(command.output.with_suffix(f".{suffix}"), flags), descriptor)
    os.environ.update(command.environment)
    # Other tests cover back-off and pacing; long waits would only slow the campaign down.
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(min(seconds, _MAX_SLEEP_SECONDS))
    steps = IoSteps(command.kill_at_step)
    steps.install()
    sys.argv = ["metrica-export", *command.arguments]
    try:
        main.main(command.parts)
    finally:
        labels = list(steps.labels)
        command.output.with_suffix(".steps").write_text("\n".join(labels), encoding="utf-8")
