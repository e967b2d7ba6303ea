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


class Bar(Protocol):
    """Something that counts rows up."""

    def __call__(self, rows: int) -> None:
        """Count that many rows more."""


class _LogConsole(Console):
    def on_broken_pipe(self) -> None:
        """Go on in silence: that nobody reads the log is no reason to end a run."""
        self.quiet = True


class Reporter:
    """Writes to standard error; standard output is for the result alone."""

    def __init__(self) -> None:
        """Look whether anybody watches: a terminal gets bars, a log gets plain lines."""
        self._console = _LogConsole(stderr=True, highlight=False, soft_wrap=True)

    def line(self, text: str) -> None:
        """Say one thing that has happened."""
        self._console.print(printable(text), markup=False, emoji=False)

    def tell_retries(self) -> None:
        """Say a line for each request that is made again, instead of what stamina would log."""

        def tell(details: RetryDetails) -> None:
            self.line(f"{details.caused_by} Trying again in {details.wait_for:.0f} s.")

        set_on_retry_hooks([tell])

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Bar]:
        """Show how far the rows of one mart are; yields the counter."""
        if not self._console.is_terminal:
            done = 0

            def count(rows: int) -> None:
                nonlocal done
                done += rows
                self.line(f"{what}: {done} of {total} rows")

            yield count
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as bars:
            task = bars.add_task(what, total=total)
            yield lambda rows: bars.advance(task, rows)


def show(headers: tuple[str, ...], rows: list[tuple[Any, ...]], title: str | None = None) -> None:
    """Print a table on standard output; numbers are aligned to the right."""
    table = Table(title=title, title_justify="left")
    for i, header in enumerate(headers):
        numeric = bool(rows) and all(isinstance(row[i], int) for row in rows)
        table.add_column(header, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    width = None if sys.stdout.isatty() else 160
    console = Console(highlight=False, width=width)
    # Rich itself would exit with 1 when the reader of the output has gone.
    with console.capture() as shown:
        console.print(table)
    click.echo(shown.get(), nl=False)


def say(text: str, *, err: bool = False) -> None:
    """Print one line, whatever it holds."""
    click.echo(printable(text), err=err)


def _cell(value: object) -> Text:
    # As it is: an id may look like rich's markup.
    return Text(printable(value))
