"""The result of a command on standard output: tables for people, or JSON."""

from typing import TYPE_CHECKING, Any

import click

from metrica_export.commands.result import COUNTS, RunResult
from metrica_export.console import say, show
from metrica_export.errors import GateError
from metrica_export.plurals import counted

if TYPE_CHECKING:
    from metrica_export.event_log import LogReporter

Table = tuple[tuple[str, ...], list[tuple[Any, ...]]]
"""Headers and rows."""


def finish(
    outcome: RunResult, verb: str, *, as_json: bool, log: "LogReporter | None" = None
) -> None:
    """Print the result of a `run` or `plan`: one JSON object, or the table of sums.

    A line on standard error, or an event of `log`, reports an error or the rejected and held rows.
    """
    if as_json:
        click.echo(outcome.as_json())
    elif outcome.entities:
        if outcome.left_out:
            show(*left_out(outcome), title="Left out by the dbt models")
        show(*sums(outcome, verb))
    warn_of_end(outcome, as_json=as_json, log=log)


def warn_of_end(outcome: RunResult, *, as_json: bool, log: "LogReporter | None" = None) -> None:
    """Report an error, or the number of rejected and held rows, on standard error or in `log`."""
    if log is not None:
        _log_end(outcome, log)
    elif outcome.error is not None:
        say(f"Error: {outcome.error}", err=True)
    elif outcome.rejected or outcome.held:
        failed = " --fail-on makes that exit code 1." if outcome.exit_code == 1 else ""
        if outcome.run_no is not None:
            line = f"Finished with warnings: {outcome.summary()} (see `metrica-export rejects`)."
            click.echo(line + failed, err=True)
        elif not as_json and outcome.exit_code != GateError.exit_code:
            click.echo(f"A run would finish with warnings: {outcome.summary()}.{failed}", err=True)


def _log_end(result: RunResult, log: "LogReporter") -> None:
    fields: dict[str, object] = {
        "run_no": result.run_no,
        "counter": result.counter,
        "exit_code": result.exit_code,
        "sent": sum(counts.sent for counts in result.entities.values()),
        "rejected": result.rejected,
        "held": result.held,
        "new": result.new,
        "expiring": result.expiring,
        "exceeded": [*result.exceeded],
        "requests": result.requests,
        "bytes": result.bytes,
    }
    if result.error is None:
        log.event("run_finished", f"finished: {result.summary()}", **fields)
    else:
        log.failure(result.error, **fields)


def changes(outcome: RunResult) -> Table:
    """Return the irreversible changes in Metrica, by mart."""
    rows: list[tuple[Any, ...]] = []
    for mart, c in outcome.changes.items():
        counts = {
            "new": c.new,
            "turn PAID": c.paid,
            **{f"change to status {status}": n for status, n in c.reached.items()},
            **{f"{column} becomes empty": n for column, n in c.erased.items()},
            "creation date changed; the original is sent again": c.moved,
            "past Metrica's window": c.late,
            "past Metrica's window within a day": c.expiring,
            "left to later runs (--limit)": c.unselected,
            "left to later runs, past Metrica's window within a day": c.unselected_expiring,
            "in Metrica and no longer in the mart": c.vanished,
        }
        rows.extend((mart, change, n) for change, n in counts.items() if n)
    return ("mart", "change", "rows"), rows


def notes(outcome: RunResult) -> list[str]:
    """Return the forecast, and a sentence for each limit that the changes exceed."""
    found = []
    if outcome.forecast is not None and outcome.forecast.orders:
        months = ", ".join(outcome.forecast.as_dict()["rates_from"])
        orders = counted(outcome.forecast.orders, "new order")
        found.append(
            f"Forecast: of {orders} in its window, Metrica ties about "
            f"{outcome.forecast.tied:.0f} to a visit, by the rates of {months}."
        )
    for limit, text in outcome.exceeded.items():
        found.append(f"A run would stop here, unless --accept {limit}: {text}.")
    return found


def left_out(outcome: RunResult) -> Table:
    """Return the values that the dbt models left out of the marts."""
    rows = [
        (e.entity, e.kind, e.reason, e.left_out, e.total, f"{e.percent} %")
        for e in outcome.left_out
    ]
    return ("mart", "kind", "reason", "left out", "of", "share"), rows


def sums(outcome: RunResult, verb: str) -> Table:
    """Return the counts of each mart's rows by state."""
    rows = []
    for name, c in outcome.entities.items():
        parts = f"{c.sent} + {c.unchanged} + {c.rejected} + {c.held}"
        if c.pending:
            parts += f" + {c.pending} pending"
        rows.append((name, *(getattr(c, key) for key in COUNTS), f"{parts} = {c.rows}"))
    return ("mart", "rows", verb, *COUNTS[2:], "the sum"), rows
