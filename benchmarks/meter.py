"""What one command takes: time, processors and memory, its children included."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_GAP_SECONDS = 0.01


class CommandFailedError(RuntimeError):
    """A measured command did not end as it should; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds on the clock, processor seconds, and the most memory at once in bytes."""

    wall: float
    cpu: float
    peak: int


def measure(
    command: Sequence[str | Path],
    env: Mapping[str, str],
    *,
    exit_codes: Sequence[int] = (0,),
    stdout: int = subprocess.DEVNULL,
) -> Usage:
    """Run a command to its end; raises CommandFailedError for another exit code."""
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )
    watch = _Watch(process.pid)
    said: list[str] = []
    listener = threading.Thread(target=lambda: said.append(process.stderr.read()))  # type: ignore[union-attr]
    watch.start()
    listener.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    watch.stop()
    listener.join()
    process.stderr.close()  # type: ignore[union-attr]
    if process.returncode not in exit_codes:
        raise CommandFailedError(f"{command[0]} ended with {process.returncode}: {said[0]}")
    return Usage(wall, usage.ru_utime + usage.ru_stime, watch.peak)


class _Watch(threading.Thread):
    """Looks at the memory of a process and its children until it is stopped.

    The kernel's own maximum (ru_maxrss) would begin with the size of this process, of
    which the command is a fork.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self._done = threading.Event()
        self.peak = 0

    def run(self) -> None:
        while not self._done.wait(_GAP_SECONDS):
            with suppress(psutil.Error):
                tree = [self._process, *self._process.children(recursive=True)]
                self.peak = max(self.peak, sum(p.memory_info().rss for p in tree))

    def stop(self) -> None:
        self._done.set()
        self.join()
