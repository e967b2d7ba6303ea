"""The commands that show the ledger: `status` and `rejects`."""

import csv
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metrica_export.cli import option_values, options, output_format
from metrica_export.cli.ending import Call, printing, warn
from metrica_export.cli.settings_file import ConfiguredCommand
from metrica_export.metrica.redaction import json_line, printable
from metrica_export.plurals import counted

if TYPE_CHECKING:
    from metrica_export.commands.status import Rejects

_TERMINAL_ROWS = 100
"""Rows that `rejects` shows on a terminal unless --limit says otherwise."""


@click.command(cls=ConfiguredCommand)
@options.as_json
@options.counter
@options.warehouse
def status(*, as_json: bool, counter_id: int, **given: Any) -> None:
    """Show the rows of each mart by state, and the last runs."""
    from metrica_export import console
    from metrica_export.commands import status

    states, last = status.status(option_values.dbt_of(given), counter_id)
    heads = ("rows", "pending", "sent", "rejected", "held", "late", "expiring")
    rows = [(mart, *(counts.get(head, "") for head in heads)) for mart, counts in states.items()]
    keys = ("run_no", "started_at", "finished_at", "exit_code", "message")
    with printing():
        if as_json:
            click.echo(json_line({"entities": states, "runs": last}))
            return
        console.show(("mart", *heads), rows)
        if last:
            runs = [tuple(line[key] for key in keys) for line in last]
            console.show(keys, runs, title="Last runs")
        else:
            click.echo("No run yet for this counter.")


@click.command(cls=ConfiguredCommand)
@options.mart
@click.option("--reason", help="Rows with this reason.  [default: all]")
@click.option("--state", type=click.Choice(["rejected", "held"]), help="[default: both]")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help=f"Maximum rows to list.  [default: {_TERMINAL_ROWS} on a terminal, otherwise all]",
)
@output_format.form("table", "csv", "json", text="Format of the list.")
@options.json_format
@output_format.output
@options.lang
@options.counter
@options.warehouse
def rejects(
    *,
    form: str,
    as_json: bool,
    output: Path | None,
    counter_id: int,
    limit: int | None,
    **given: Any,
) -> None:
    """List rejected and held rows: mart, id, state, column, reason, and the cure of each reason."""
    from metrica_export.commands import status

    form = output_format.choose(form, output, json=as_json)
    if limit is None and sys.stdout.isatty() and output is None:
        limit = _TERMINAL_ROWS
    wanted = status.Filter(given["mart"], given["reason"], given["state"], limit)
    dbt = option_values.dbt_of(given)
    with status.rejects(dbt, counter_id, wanted, given["lang"]) as found:
        texts = _FORMS[form](found) if output is None else _parquet(found, output)
        with printing():
            for text in texts:
                sys.stdout.write(text)
    if limit is not None and limit < found.total:
        warn(f"{limit} of {counted(found.total, 'row')}; --limit lists more.")


_KEYS = ("entity", "id", "state", "column", "reason", "explanation", "cure")


def _json(found: "Rejects") -> Iterator[str]:
    yield '{"rejects": ['
    try:
        for i, row in enumerate(_texts(found)):
            line = json_line(dict(zip(_KEYS, row, strict=True)))
            yield f", {line}" if i else line
    except Exception as error:  # noqa: BLE001 - each one becomes an exit code
        # The list has begun, so the error ends this object. `end` would print a second one.
        failed = click.get_current_context().ensure_object(Call).report(error)
        warn(f"Error: {failed}")
        ended = json_line({"exit_code": failed.exit_code, "error": str(failed)})
        yield f'], "total": {found.total}, {ended[1:]}\n'
        sys.exit(failed.exit_code)
    yield f'], "total": {found.total}}}\n'


def _parquet(found: "Rejects", path: Path) -> list[str]:
    from metrica_export.commands import parquet_file, tables

    rows = parquet_file.write_parquet(path, tables.REJECTS_SCHEMA, found.rows)
    return [f"{counted(rows, 'row')} written to {path}.\n"]


class _Line:
    """A file for `csv.writer` that hands each line on."""

    def write(self, text: str) -> str:
        return text


def _csv(found: "Rejects") -> Iterator[str]:
    writer = csv.writer(_Line())
    for row in chain([_KEYS], _texts(found)):
        yield writer.writerow(row)


def _texts(found: "Rejects") -> Iterator[tuple[str | None, ...]]:
    return (row[: len(_KEYS)] for row in found.rows)


def _table(found: "Rejects") -> Iterator[str]:
    if not found.total:
        yield "No row is rejected or held.\n"
        return
    heads = ("mart", *_KEYS[1:-1])
    cures: dict[str | None, str | None] = {}
    widths = [max(*pair) for pair in zip(map(len, heads), found.widths, strict=False)]
    for row in chain([heads], _texts(found)):
        *cells, last = map(printable, row[: len(heads)])
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        yield f"{line}  {last}\n"
        if row is not heads:
            cures[row[4]] = row[-1]
    yield "\nCures:\n"
    for reason, cure in cures.items():
        yield f"{printable(reason)}: {cure}\n"


_FORMS = {"table": _table, "csv": _csv, "json": _json}

COMMANDS = {"status": status, "rejects": rejects}
