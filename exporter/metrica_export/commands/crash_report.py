"""Reports of unexpected exceptions, without a value of any row.

The text of a library's exception may repeat a cell, and so may the variables of its frames.
A report therefore has only the types of the exceptions and the places in the code.
"""

import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from os import fdopen
from pathlib import Path

from metrica_export.errors import ExportError, InterruptedRunError, UnexpectedError

_PACKAGE = "metrica_export"
_ENDS = 30
"""Frames to show at each end of a traceback: endless recursion makes thousands."""


def unexpected(error: BaseException) -> ExportError:
    """Return an exception as an error with an exit code; an ExportError stays as it is."""
    if isinstance(error, ExportError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return InterruptedRunError(
            "Interrupted. The ledger has every delivered row. Rerun to continue."
        )
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, ExportError):
        # DuckDB wraps an exception that a signal's handler raises during a query.
        return error.__cause__
    return UnexpectedError(f"Unexpected error {_kind(error)} at {_place(error)}.", error)


def report(error: Exception, command: str, folder: Path | None, *, debug: bool) -> ExportError:
    """Return the error to show. For an unexpected error, it names the report to send.

    With `debug` the traceback is written to standard error. Otherwise it is written to a private
    file in `folder`, or in the system's folder for temporary files.
    """
    found = unexpected(error)
    if not isinstance(found, UnexpectedError):
        return found
    where = f"metrica-export {command}".rstrip()
    text = "\n".join(_traceback(found.origin))
    if debug:
        with suppress(OSError):
            sys.stderr.write(f"{text}\n")
        advice = "Report this line and the traceback above it."
    elif path := _write(text, folder):
        advice = f"Report this line and the file {path}, which holds no data."
    else:
        advice = "Report this line and the traceback that `metrica-export --debug` prints."
    shown = UnexpectedError(
        f"{found} Command: `{where}`, version {version('metrica-crm-export')}. {advice}",
        found.origin,
    )
    shown.result = found.result
    return shown


def _write(text: str, folder: Path | None) -> Path | None:
    for place in (folder, None):
        with suppress(OSError):
            # Readable by its owner only.
            number, name = tempfile.mkstemp(".txt", "metrica-crash-", place)
            with fdopen(number, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{text}\n")
            return Path(name)
    return None


def _kind(error: BaseException) -> str:
    kind = type(error)
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")


def _place(error: BaseException) -> str:
    """Return module:line of the innermost frame, preferably of this package."""
    places = [
        (str(frame.f_globals.get("__name__", "?")), line)
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    in_package = [place for place in places if place[0].partition(".")[0] == _PACKAGE]
    module, line = (in_package or places or [("?", 0)])[-1]
    return f"{module}:{line}"


def _traceback(error: BaseException) -> Iterator[str]:
    """Yield the lines of a traceback: an exception and its causes, each with its frames."""
    chain = [error]
    while (cause := _cause(chain[-1])) is not None and cause not in chain:
        chain.append(cause)
    for each in chain:
        caused = "" if each is error else "caused by "
        yield caused + (f"{_kind(each)}: {each}" if isinstance(each, ExportError) else _kind(each))
        frames = [
            f"  {frame.f_globals.get('__name__', '?')}:{line} in {frame.f_code.co_name}"
            for frame, line in traceback.walk_tb(each.__traceback__)
        ]
        if len(frames) > 2 * _ENDS:
            left_out = f"  … {len(frames) - 2 * _ENDS} frames …"
            frames = [*frames[:_ENDS], left_out, *frames[-_ENDS:]]
        yield from frames


def _cause(error: BaseException) -> BaseException | None:
    if error.__cause__ is not None or error.__suppress_context__:
        return error.__cause__
    return error.__context__
