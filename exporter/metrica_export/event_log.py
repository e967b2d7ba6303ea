"""Events of a run as records of Python's logger `metrica_export`, and as lines of JSON."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from metrica_export.console import Bar, Reporter
from metrica_export.metrica.redaction import json_line, printable
from metrica_export.plurals import counted

LOGGER = logging.getLogger("metrica_export")


class LogReporter(Reporter):
    """Reports every event as a log record; its attribute `metrica` has the event's fields."""

    def __init__(self, logger: logging.Logger = LOGGER) -> None:
        """Take the logger; all fields of a `run_started` event are also in later records."""
        self._logger = logger
        self._run: dict[str, object] = {}

    def line(self, text: str, **fields: object) -> None:
        """Log a message."""
        self._log(logging.INFO, text, {"event": "message", **fields})

    def event(self, name: str, text: str, **fields: object) -> None:
        """Log an event."""
        if name == "run_started":
            self._run = fields
        self._log(logging.INFO, text, {"event": name, **fields})

    def warning(self, text: str) -> None:
        """Log a problem that does not end the run."""
        self._log(logging.WARNING, text, {"event": "message"})

    def failure(self, text: str, **fields: object) -> None:
        """Log the error that ended a run."""
        self._log(logging.ERROR, text, {"event": "run_failed", **fields})

    def report_retries(self) -> None:
        """Log each retry of a request as a warning."""

        def report(details: RetryDetails) -> None:
            text = f"{details.caused_by} Retrying in {details.wait_for:.0f} s."
            self._log(logging.WARNING, text, {"event": "retry"})

        set_on_retry_hooks([report])

    @contextmanager
    def progress(self, label: str, total: int) -> Iterator[Bar]:
        """Log the progress of one mart's rows; yield the counter of rows."""
        done = 0

        def count(rows: int) -> None:
            nonlocal done
            done += rows
            text = f"{label}: {done} of {counted(total, 'row')}"
            self._log(
                logging.INFO,
                text,
                {"event": "progress", "mart": label, "done": done, "rows": total},
            )

        yield count

    def _log(self, level: int, text: str, fields: dict[str, object]) -> None:
        self._logger.log(level, "%s", printable(text), extra={"metrica": self._run | fields})


class JsonHandler(logging.Handler):
    """Writes each record as one JSON object on one line of standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record. A full disk or a closed pipe under the log does not end a run."""
        shown = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "metrica", {}),
        }
        # Not logging's own StreamHandler: it would swallow the exception of a signal.
        with suppress(OSError):
            sys.stderr.write(f"{json_line(shown)}\n")
            sys.stderr.flush()


def json_reporter() -> LogReporter:
    """Return a reporter whose events are lines of JSON on standard error."""
    logger = LOGGER.getChild("json")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers.clear()
    logger.addHandler(JsonHandler())
    return LogReporter(logger)
