"""The errors that stop a command, each with the exit code of the runbook.

ExportError
├── SettingsError    2   a flag, an environment variable, profiles.yml, the manifest
├── WarehouseError   3   the warehouse or a mart in it
├── MetricaError     4   Metrica rejected a request, or could not be reached
│   └── QuotaError   4   the quota of the day is used up; the next run continues
├── LedgerError      5   the ledger, or another run that holds its lock
├── GateError        6   irreversible changes above a limit, without --accept
├── UnknownRateError 7   `measure` has no rate: too early, a sampled answer, or the quota of reports
├── InterruptedRunError 130  a signal ended the run
└── UnexpectedError 70   a defect of this program; `crash_report` describes it without any value

A row that cannot be sent is not an error: it is a value with a reason (`checks`).
A message has three parts: the event, the place, and the cure. It names keys and columns,
and never holds a token, an e-mail, a phone or a row.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metrica_export.commands.result import RunResult


class ExportError(Exception):
    """Base of all errors that end a command with a message and an exit code.

    Exit code 1 belongs to finished commands, such as `run --fail-on`: no error has it. `result` has
    the counts of the run that the error ended.
    """

    exit_code = 70
    result: "RunResult | None" = None


class SettingsError(ExportError):
    """A setting is missing, contradictory, or cannot be read."""

    exit_code = 2


class WarehouseError(ExportError):
    """The warehouse cannot be reached, or a mart is not as the manifest says."""

    exit_code = 3


class MetricaError(ExportError):
    """Metrica answered with an error that a retry cannot fix, or did not answer.

    With `doubtful`, the request may have taken effect anyway.
    """

    exit_code = 4
    doubtful = False


class QuotaError(MetricaError):
    """The daily quota is used up."""


class LedgerError(ExportError):
    """The ledger is locked by another run, newer than this program, or damaged."""

    exit_code = 5


class GateError(ExportError):
    """A limit or an outdated saved plan stopped the run before its first upload.

    `texts` has the message by language, for the ledger; it is empty if there is one language.
    """

    exit_code = 6
    texts: Mapping[str, str] = MappingProxyType({})


class UnknownRateError(ExportError):
    """Metrica cannot tell the match rate now. Nothing was recorded."""

    exit_code = 7


class InterruptedRunError(ExportError):
    """A signal (SIGINT, SIGTERM, SIGHUP) ended the process in good order."""

    exit_code = 130


class UnexpectedError(ExportError):
    """An unexpected exception, kept as `origin`."""

    exit_code = 70

    def __init__(self, message: str, origin: BaseException) -> None:
        super().__init__(message)
        self.origin = origin
