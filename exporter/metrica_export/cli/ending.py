"""The end of a command: every exception becomes one message and its exit code."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from metrica_export.cli.options import LOG_FORMAT
from metrica_export.commands import crash_report
from metrica_export.errors import ExportError
from metrica_export.metrica.redaction import json_line, printable

if TYPE_CHECKING:
    from metrica_export.commands.outcome import Outcome
    from metrica_export.commands.result import RunResult
    from metrica_export.commands.run import Parts

_EMPTY = {"entities": {}, "changes": {}, "exceeded": {}, "requests": 0, "bytes": 0}
"""The counts of a run or plan that ended before it began."""


@dataclass(slots=True)
class Call:
    """One call of the command line, as the report of an unexpected error describes it.

    The fault campaign replaces `parts` of the run; None keeps the product's own.
    """

    command: str = ""
    debug: bool = False
    folder: Path | None = None
    parts: "Parts | None" = None

    def report(self, error: Exception) -> ExportError:
        """Return any exception as the error that the command ends with."""
        return crash_report.report(error, self.command, self.folder, debug=self.debug)


def attempt(work: "Callable[[], RunResult]", counter: int, folder: Path | None) -> "RunResult":
    """Return the result of a run. Any exception becomes a result with its message and exit code.

    `folder` is the place for the traceback of an unexpected exception.
    """
    from metrica_export.commands.result import RunResult

    call = click.get_current_context().ensure_object(Call)
    call.folder = folder
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - each one becomes an exit code
        found = call.report(error)
        result = found.result or RunResult(counter=counter)
        return replace(result, error=str(found), exit_code=found.exit_code)


@contextmanager
def ending(outcome: "Outcome", folder: Path | None) -> Iterator[None]:
    """Record any exception in the outcome of a `plan`, whose counts are still printed.

    `folder` is the place for the traceback of an unexpected exception.
    """
    call = click.get_current_context().ensure_object(Call)
    call.folder = folder
    try:
        yield
    except Exception as error:  # noqa: BLE001 - each one becomes an exit code
        outcome.fail(call.report(error))


@contextmanager
def printing() -> Iterator[None]:
    """Continue when the output cannot be written; later output is dropped.

    The reader may have closed the pipe, as `head` does, or the disk may be full. The exit code
    stays that of the work: click would end with 1, which is the code of --fail-on.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            warn(f"The output cannot be written: {error.strerror}.")


def warn(text: str, *, has_failed: bool = False) -> None:
    """Print a message on standard error, if that can be written."""
    if wants_json_log():
        from metrica_export.event_log import json_reporter

        log = json_reporter()
        (log.failure if has_failed else log.warning)(text.removeprefix("Error: "))
        return
    with suppress(OSError):
        click.echo(printable(text), err=True)


_log_format = ContextVar("log_format", default="text")


def set_log_format(form: str) -> None:
    """Set the form of this run's messages, as its options or the settings file say."""
    _log_format.set(form)


def wants_json_log() -> bool:
    """Whether the command is a run with `--log-format json`, also if its options are wrong."""
    words = sys.argv[1:]
    given = "--log-format=json" in words or ("--log-format", "json") in pairwise(words)
    known = "json" in (os.environ.get(LOG_FORMAT), _log_format.get())
    return "run" in words and (given or known)


def end(exit_code: int, error: str) -> NoReturn:
    """Exit. With --json, an error in the settings is printed as a JSON object too."""
    words = sys.argv[1:]
    if "--json" in words or "--format=json" in words or ("--format", "json") in pairwise(words):
        shown = _EMPTY | {"exit_code": exit_code, "error": error}
        with printing():
            click.echo(json_line(shown))
    sys.exit(exit_code)
