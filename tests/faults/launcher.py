"""One run of the exporter's command line in a process of its own, which may be killed.

The processes are forked from one that has imported everything and opened nothing, which
saves the second that a start from scratch takes.
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

from tests.faults.steps import Steps

_LONGEST_SLEEP = 0.01
_PATIENCE_SECONDS = 120
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["__main__", __name__])


@dataclass(frozen=True, slots=True)
class Launch:
    """One command to run: what it is given, where its output goes, and what happens to it."""

    arguments: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)
    output: Path
    kill_at: int | None = None
    parts: run.Parts = run.PARTS


@dataclass(frozen=True, slots=True)
class Launched:
    """What became of it. `steps` are the labels of its I/O steps, empty when it was killed."""

    exit_code: int
    stdout: str = field(repr=False)
    stderr: str = field(repr=False)
    steps: tuple[str, ...] = ()

    @property
    def was_killed(self) -> bool:
        return self.exit_code < 0


class Process:
    """A launched command that may still be at work."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._process = _FORKS.Process(target=_run, args=(launch,))
        self._process.start()

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def pause(self) -> None:
        """Stop the process, wherever it is."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a stopped process go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def wait(self) -> Launched:
        """Wait for its end; TimeoutError when it hangs, and then it is killed."""
        self._process.join(_PATIENCE_SECONDS)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
            raise TimeoutError(f"A run hung: {self._launch.arguments}")
        exit_code = self._process.exitcode
        self._process.close()
        texts = [self._read(kind) for kind in ("stdout", "stderr", "steps")]
        return Launched(exit_code, texts[0], texts[1], tuple(texts[2].splitlines()))

    def _read(self, kind: str) -> str:
        path = self._launch.output.with_suffix(f".{kind}")
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        path.unlink(missing_ok=True)
        return text


def _run(launch: Launch) -> None:
    for number, kind in ((1, "stdout"), (2, "stderr")):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(launch.output.with_suffix(f".{kind}"), flags), number)
    os.environ.update(launch.environment)
    # Back-off and pace are shown elsewhere; here their waits would only take time.
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(min(seconds, _LONGEST_SLEEP))
    steps = Steps(launch.kill_at)
    steps.install()
    sys.argv = ["metrica-export", *launch.arguments]
    try:
        main.main(launch.parts)
    finally:
        labels = list(steps.labels)
        launch.output.with_suffix(".steps").write_text("\n".join(labels), encoding="utf-8")
