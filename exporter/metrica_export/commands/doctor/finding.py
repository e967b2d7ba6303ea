"""What a check has found: fine, worth a look, or in the way of a run."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from metrica_export.errors import ExportError


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's. `advice` says what to do, if anything.

    `exit_code` is the one that a run would end with for an error, 0 otherwise.
    """

    check: str
    level: Literal["ok", "warning", "error"]
    found: str
    advice: str = ""
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON has it."""
        return asdict(self)


def ok(check: str, found: str, advice: str = "") -> Finding:
    """Return that all is well."""
    return Finding(check, "ok", found, advice)


def warning(check: str, found: str, advice: str) -> Finding:
    """Return what no run stops at, and somebody should look at."""
    return Finding(check, "warning", found, advice)


def error(check: str, kind: type[ExportError], found: str, advice: str) -> Finding:
    """Return what would stop a run with an error of that kind."""
    return Finding(check, "error", found, advice, kind.exit_code)
