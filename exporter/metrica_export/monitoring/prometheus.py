"""The metrics of a run as a text file, for the textfile collector of Prometheus."""

import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from metrica_export.commands.result import RunResult
from metrica_export.errors import SettingsError

_SUCCESS = "metrica_export_last_success_timestamp_seconds"
_STATES = ("sent", "unchanged", "rejected", "held", "pending")
_Sample = tuple[Mapping[str, str], float]


def check_folder(path: Path) -> None:
    """Raise SettingsError if a metrics file cannot be there: no folder, or a device."""
    if not path.parent.is_dir():
        raise SettingsError(
            f"--metrics-file {path}: there is no folder {path.parent}. Create it, or set another "
            "file."
        )
    if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113 - never raise
        # Root could replace a device such as /dev/null by a file.
        raise SettingsError(f"--metrics-file {path} is no file. Set another one.")


def write(result: RunResult, path: Path) -> None:
    """Replace the metrics file by one about this run, at once and completely.

    The time of the last successful run of the counter is kept from the old file if this run
    failed. Raises OSError.
    """
    # A link stays, and its file is replaced.
    path = path.resolve()
    text = metrics(result, _last_success(path, result.counter))
    # The collector reads files that end with .prom only, so it never sees a half of one.
    number, name = tempfile.mkstemp(".tmp", f".{path.name}-", path.parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # The collector may be another user; the file has no secret.
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def metrics(result: RunResult, last_success: float | None = None) -> str:
    """Return the metrics of a run in Prometheus's text format."""
    lines: list[str] = []
    counter = {"counter": str(result.counter)}
    for name, text, samples in _families(result, last_success):
        lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
        for labels, value in samples:
            lines.append(f"{name}{_labels(counter | dict(labels))} {value:.17g}")
    return "\n".join(lines) + "\n"


def _families(
    result: RunResult, last_success: float | None
) -> Iterator[tuple[str, str, list[_Sample]]]:
    """Yield name, help and samples of each metric that has samples."""
    finished = time.time() if result.finished_at is None else result.finished_at.timestamp()
    success = last_success if result.error is not None else finished
    prefix = "metrica_export"
    plain: list[tuple[str, str, float | None]] = [
        ("last_run_timestamp_seconds", "End of the last run.", finished),
        ("last_run_exit_code", "Exit code of the last run; 6 is the gate.", result.exit_code),
        ("last_run_number", "Number of the last run in the ledger.", result.run_no),
        ("last_run_duration_seconds", "Duration of the last run.", _duration(result)),
        ("last_run_requests", "Requests of the last run to Metrica.", result.requests),
        ("last_run_bytes", "Bytes that Metrica answered to.", result.bytes),
        ("new_unsendable_rows", "Rows rejected or held since the last complete run.", result.new),
        ("expiring_orders", "Undelivered orders that expire in a day.", result.expiring),
        ("foreign_uploads", "Uploads that the ledger does not know.", result.foreign_uploads),
    ]
    yield _SUCCESS, "End of the last run without an error.", _samples(success)
    for name, text, value in plain:
        if value is not None:
            yield f"{prefix}_{name}", text, _samples(value)
    rows: list[_Sample] = [
        ({"mart": mart, "state": state}, getattr(counts, state))
        for mart, counts in result.entities.items()
        for state in _STATES
    ]
    uploads: list[_Sample] = [
        ({"mart": mart}, counts.uploads) for mart, counts in result.entities.items()
    ]
    if rows:
        yield f"{prefix}_rows", "Rows of a mart by state after the last run.", rows
        yield f"{prefix}_uploads", "Uploads of the last run.", uploads
    if result.exceeded:
        exceeded: list[_Sample] = [({"limit": limit}, 1) for limit in result.exceeded]
        yield f"{prefix}_gate_exceeded", "Limits of the gate that the run exceeds.", exceeded


def _samples(value: float | None) -> list[_Sample]:
    return [] if value is None else [({}, value)]


def _duration(result: RunResult) -> float | None:
    if result.started_at is None or result.finished_at is None:
        return None
    return (result.finished_at - result.started_at).total_seconds()


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def _last_success(path: Path, counter: int | None) -> float | None:
    """Return the time of the last success in an earlier file of the same counter."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    found = re.search(rf'^{_SUCCESS}{{counter="{counter}"}} ([\d.e+]+)$', text, re.MULTILINE)
    with suppress(ValueError):
        return None if found is None else float(found[1])
    return None
