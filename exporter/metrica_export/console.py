"""Text for people: lines, tables and progress bars."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from metrica_export.metrica.redaction import printable
from metrica_export.plurals import counted


class Bar(Protocol):
    """A progress bar or another counter of rows."""

    def __call__(self, rows: int) -> None:
        """Add rows to the count."""


class _LogConsole(Console):
    def on_broken_pipe(self) -> None:
        """Continue without output: a run does not depend on a reader of its log."""
        self.quiet = True


class Reporter:
    """Reports progress on standard error. Standard output has the result only.

    The fields of an event are for programs; see `metrica_export.event_log`.
    """

    def __init__(self) -> None:
        """Choose progress bars for a terminal and plain lines for a log."""
        self._console = _LogConsole(stderr=True, highlight=False, soft_wrap=True)

    def line(self, text: str, **_: object) -> None:
        """Print one line about an event."""
        try:
            self._console.print(printable(text), markup=False, emoji=False)
        except OSError:
            # A full disk under the log must not end a run either.
            self._console.quiet = True

    def event(self, name: str, text: str, **fields: object) -> None:
        """Report an event that only a log for programs has."""

    def report_retries(self) -> None:
        """Print one line for each retry of a request, in place of stamina's own log."""

        def report(details: RetryDetails) -> None:
            self.line(f"{details.caused_by} Retrying in {details.wait_for:.0f} s.")

        set_on_retry_hooks([report])

    @contextmanager
    def progress(self, label: str, total: int) -> Iterator[Bar]:
        """Show the progress of one mart's rows; yield the counter of rows."""
        if not self._console.is_terminal:
            done = 0

            def count(rows: int) -> None:
                nonlocal done
                done += rows
                self.line(f"{label}: {done} of {counted(total, 'row')}")

            yield count
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as bars:
            task = bars.add_task(label, total=total)
            yield lambda rows: bars.advance(task, rows)


def show(headers: tuple[str, ...], rows: list[tuple[Any, ...]], title: str | None = None) -> None:
    """Print a table on standard output; numbers are aligned to the right."""
    table = Table(title=title, title_justify="left")
    for i, header in enumerate(headers):
        numeric = bool(rows) and all(isinstance(row[i], int | float) for row in rows)
        table.add_column(header, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    width = None if sys.stdout.isatty() else 160
    console = Console(highlight=False, width=width)
    # Rich itself would exit with 1 when the reader closes the pipe.
    with console.capture() as shown:
        console.print(table)
    click.echo(shown.get(), nl=False)


def say(text: str, *, err: bool = False) -> None:
    """Print one line, with control characters escaped."""
    click.echo(printable(text), err=err)


def _cell(value: object) -> Text:
    # Text and not markup: an id may look like rich's markup.
    return Text(printable(value))
