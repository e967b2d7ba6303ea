"""What can stop a command. Each error carries the exit code that the README documents.

ExportError
├── SettingsError    2   a flag, an environment variable, profiles.yml, the manifest
├── WarehouseError   3   the warehouse or a mart in it
├── MetricaError     4   Metrica refused, or could not be reached
│   └── QuotaError   4   nothing more today; the next run goes on from here
├── LedgerError      5   the ledger, or another run that holds its lock
├── GateError        6   what is about to happen cannot be undone and needs somebody's word
├── InterruptedRunError 130  a signal ended the run
└── UnexpectedError 70   a defect of this program; `crash` describes it without any value

A row that cannot be sent is not an error: it is a value with a reason (`checks`).
Messages say what happened, where, and what to do next. They name keys and columns,
and never hold a token, an e-mail, a phone or a row.
"""


class ExportError(Exception):
    """Base of all errors that end a command with a message and an exit code.

    Exit code 1 belongs to `--fail-on` alone: no error has it.
    """

    exit_code = 70


class SettingsError(ExportError):
    """A setting is missing, contradictory, or cannot be read."""

    exit_code = 2


class WarehouseError(ExportError):
    """The warehouse cannot be reached, or a mart is not as the manifest says."""

    exit_code = 3


class MetricaError(ExportError):
    """Metrica answered with an error that a retry cannot mend, or did not answer.

    `doubtful` says that the request may have had its effect all the same.
    """

    exit_code = 4
    doubtful = False


class QuotaError(MetricaError):
    """The daily quota is used up."""


class LedgerError(ExportError):
    """The ledger is locked by another run, newer than this program, or damaged."""

    exit_code = 5


class GateError(ExportError):
    """A limit of the gate, or a saved plan that no longer holds, stopped a run before it began."""

    exit_code = 6


class InterruptedRunError(ExportError):
    """The process was asked to end (SIGINT, SIGTERM), and ends in order."""

    exit_code = 130


class UnexpectedError(ExportError):
    """An exception that the program did not foresee. `origin` is the exception itself."""

    exit_code = 70

    def __init__(self, message: str, origin: BaseException) -> None:
        super().__init__(message)
        self.origin = origin
