"""What a command tells: lines or a progress bar while it works, then a table or JSON."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from exporter.config import FailOn
from exporter.entries import Changes, EntityCounts
from exporter.errors import ExportError, GateError
from exporter.left_out import LeftOut
from exporter.redaction import json_line, printable
from exporter.stamp import Stamp

COUNTS = ("rows", "sent", "unchanged", "rejected", "held", "uploads")
"""The keys of an entity in JSON, and the columns of the table; a promise to scripts."""


@dataclass(slots=True)
class Outcome:
    """The result of one `run` or `plan`. `error` is the message that ended it early.

    `changes` are the changes in Metrica by the rows to be sent, mart by mart; `exceeded` names
    the limits of the gate that they exceed. `new` counts the rejected and held rows that were
    neither after the last complete run, None if the end was not reached. `foreign_uploads`
    counts the uploads in Metrica's list that the ledger does not know, None where nobody asked.
    """

    entities: dict[str, EntityCounts] = field(default_factory=dict)
    changes: dict[str, Changes] = field(default_factory=dict)
    exceeded: dict[str, str] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    foreign_uploads: int | None = None
    requests: int = 0
    exit_code: int = 0
    error: str | None = None
    bytes: int = 0
    new: int | None = None
    stamp: Stamp = field(default_factory=Stamp)

    @property
    def rejected(self) -> int:
        """Rejected rows of all marts."""
        return sum(counts.rejected for counts in self.entities.values())

    @property
    def held(self) -> int:
        """Held rows of all marts."""
        return sum(counts.held for counts in self.entities.values())

    def complete(self, new: int, fail_on: FailOn) -> None:
        """Take the end of a complete run: with code 0, or with 1 by `--fail-on`."""
        self.new = new
        rows = sum(counts.rows for counts in self.entities.values())
        self.exit_code = int(fail_on.applies(self.rejected + self.held, new, rows))

    def summary(self) -> str:
        """Return in one line how a complete run ended, for people and for the ledger."""
        if not self.rejected and not self.held:
            return "clean"
        return f"{self.rejected} rows rejected, {self.held} held; {self.new} of them are new"

    def fail(self, error: ExportError) -> None:
        """Take an error as the end of the command."""
        self.error, self.exit_code = str(error), error.exit_code

    def as_json(self) -> str:
        """Return one JSON object on one line, as `docs/run.schema.json` describes it."""
        shown: dict[str, Any] = {
            **self.stamp.as_dict(),
            "entities": {
                name: {key: getattr(counts, key) for key in (*COUNTS, "pending")}
                for name, counts in self.entities.items()
            },
            "changes": {name: asdict(changes) for name, changes in self.changes.items()},
            "exceeded": self.exceeded,
            "warnings": {"rejected": self.rejected, "held": self.held, "new": self.new},
            "left_out": [each.as_dict() for each in self.left_out],
            "foreign_uploads": self.foreign_uploads,
            "requests": self.requests,
            "bytes": self.bytes,
            "exit_code": self.exit_code,
        }
        if self.error is not None:
            shown["error"] = self.error
        return json_line(shown)


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


def finish(outcome: Outcome, verb: str, *, as_json: bool) -> None:
    """Print the result of a `run` or `plan`: one JSON object, or the table of sums.

    A line on standard error says how it ended, in both cases.
    """
    if as_json:
        click.echo(outcome.as_json())
    elif outcome.entities:
        show_left_out(outcome.left_out)
        _show_sums(outcome, verb)
    if outcome.error is not None:
        say(f"Error: {outcome.error}", err=True)
    elif outcome.rejected or outcome.held:
        failed = " --fail-on makes that exit code 1." if outcome.exit_code == 1 else ""
        if outcome.stamp.run_no is not None:
            told = f"Finished with warnings: {outcome.summary()} (see `metrica-export rejects`)."
            click.echo(told + failed, err=True)
        elif not as_json and outcome.exit_code != GateError.exit_code:
            click.echo(f"A run would finish with warnings: {outcome.summary()}.{failed}", err=True)


def show_changes(outcome: Outcome) -> None:
    """Print what would change in Metrica for good, and which limits that goes beyond."""
    rows: list[tuple[Any, ...]] = []
    for mart, c in outcome.changes.items():
        told = {
            "new": c.new,
            "turn PAID": c.paid,
            **{f"come to status {status}": n for status, n in c.reached.items()},
            **{f"{column} becomes empty": n for column, n in c.erased.items()},
            "have another creation date than was sent; the first one goes again": c.moved,
            "are past Metrica's window": c.late,
            "will be past it within a day": c.expiring,
            "are in Metrica and no longer in the mart": c.vanished,
        }
        rows.extend((mart, what, n) for what, n in told.items() if n)
    if rows:
        show(("mart", "what would change", "rows"), rows)
    for what, text in outcome.exceeded.items():
        say(f"A run would stop here, unless --accept {what}: {text}.")


def show_left_out(found: list[LeftOut]) -> None:
    """Print which values the dbt models left out of the marts."""
    if found:
        rows = [(e.entity, e.kind, e.reason, e.left_out, e.total, f"{e.percent} %") for e in found]
        heads = ("mart", "kind", "reason", "left out", "of", "share")
        show(heads, rows, title="Left out by the dbt models")


def _show_sums(outcome: Outcome, verb: str) -> None:
    rows = []
    for name, c in outcome.entities.items():
        parts = f"{c.sent} + {c.unchanged} + {c.rejected} + {c.held}"
        if c.pending:
            parts += f" + {c.pending} pending"
        rows.append((name, *(getattr(c, key) for key in COUNTS), f"{parts} = {c.rows}"))
    headers = ("mart", "rows", verb, *COUNTS[2:], "the sum")
    show(headers, rows)


def say(text: str, *, err: bool = False) -> None:
    """Print one line, whatever it holds."""
    click.echo(printable(text), err=err)


def _cell(value: object) -> Text:
    # As it is: an id may look like rich's markup.
    return Text(printable(value))
