"""The result of a check: ok, a warning, or an error that would stop a run."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from metrica_export.errors import ExportError


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report, with advice if there is any.

    `exit_code` is the exit code of a run with this error, otherwise 0.
    """

    check: str
    level: Literal["ok", "warning", "error"]
    found: str
    advice: str = ""
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the finding for JSON."""
        return asdict(self)


def ok(check: str, found: str, advice: str = "") -> Finding:
    """Return the finding of a check without a problem."""
    return Finding(check, "ok", found, advice)


def warning(check: str, found: str, advice: str) -> Finding:
    """Return a problem that does not stop a run."""
    return Finding(check, "warning", found, advice)


def error(check: str, kind: type[ExportError], found: str, advice: str) -> Finding:
    """Return a problem that would stop a run with an error of that class."""
    return Finding(check, "error", found, advice, kind.exit_code)
