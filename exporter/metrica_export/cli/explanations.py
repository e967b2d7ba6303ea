"""The command `explain`: everything known about one row, and its outcome in the next run."""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metrica_export.cli import option_values, options, output_format
from metrica_export.cli.ending import printing
from metrica_export.cli.settings_file import ConfiguredCommand
from metrica_export.metrica.formats import ENTITIES
from metrica_export.metrica.redaction import json_line
from metrica_export.plurals import counted

if TYPE_CHECKING:
    from metrica_export.commands.explain import Deadlines, Explanation, NextRun
    from metrica_export.ledger.row_history import RowHistory
    from metrica_export.review.row_changes import RowChange


@click.command(cls=ConfiguredCommand)
@click.argument("mart", type=click.Choice([entity.name for entity in ENTITIES]))
@click.argument("key", metavar="ID")
@options.show_values
@output_format.form("text", "json", text="Format of the explanation.")
@options.json_format
@output_format.output
@options.counter
@options.warehouse
@options.merge_mode
@options.late_orders
@options.chunk_bytes
@options.max_steps
@options.memory
@options.lang
def explain(
    *,
    mart: str,
    key: str,
    form: str,
    as_json: bool,
    output: Path | None,
    **given: Any,
) -> None:
    """Explain one row: in the mart, in Metrica, and in the next run.

    Reads the warehouse only, and needs no token. Give it the options of your runs. The exit code
    is 1 if neither the mart nor the ledger has the ID.
    """
    from metrica_export import console
    from metrica_export.commands import explain

    show_values = given["show_values"]
    form = output_format.choose(form, output, json=as_json)
    wanted = option_values.explain_options_of(given, mart)
    found = explain.explain(wanted, mart, key, with_values=show_values)
    if output is not None:
        from metrica_export.commands import parquet_file, tables

        row = tables.explain_row(found, with_values=show_values)
        parquet_file.write_parquet(output, tables.EXPLAIN_SCHEMA, [row])
    with printing():
        if form == "json":
            click.echo(json_line(found.as_dict(with_values=show_values)))
        elif output is not None:
            console.say(f"The explanation of {found.mart} {found.id} is in {output}.")
        else:
            is_filtered = mart in dict(wanted.dbt.filters)
            for line in _lines(found, is_filtered=is_filtered):
                console.say(line)
            _show_tables(found, with_values=show_values)
    sys.exit(found.exit_code)


COMMANDS = {"explain": explain}


def _lines(found: "Explanation", *, is_filtered: bool) -> Iterator[str]:
    label = f"{found.mart} {found.id}"
    if not found.is_known:
        yield (
            f"{label}: neither the mart nor the ledger of counter {found.counter_id} has this id. "
            "Check the id and the mart; for a row of the CRM run `dbt build`."
            + (" The counter's filter may leave the row out." if is_filtered else "")
        )
        return
    yield f"{label}, counter {found.counter_id}"
    for row in found.rows:
        yield f"mart:      row hash {row.row_hash}, updated at {row.updated_at}"
        yield from _next_lines(found, row.next_run)
    if not found.rows:
        why = ", or the counter's filter leaves it out" if is_filtered else ""
        yield f"mart:      the row is not in the mart{why}"
    if found.is_vanished:
        cure = "; see --erase-vanished" if found.mart == "contacts" else ""
        why = "--erase-vanished emptied the row" if found.is_emptied else f"it keeps the row{cure}"
        yield f"next run:  sends nothing to Metrica; {why}"
    if found.deadlines:
        yield from _deadline_lines(found.deadlines)
    yield from _ledger_lines(found.history)


def _deadline_lines(found: "Deadlines") -> Iterator[str]:
    kinds = {
        "link": ("a new order is tied to a visit", found.link_deadline, found.link_days_left),
        "update": ("a delivered order is updated", found.update_deadline, found.update_days_left),
    }
    for kind, (text, at, days) in kinds.items():
        mark = " (applies now)" if found.applies == kind else ""
        left = f"{days} days left" if days >= 0 else "which is past"
        yield f"deadline:  {text} by {at}, {left}{mark}"


def _ledger_lines(found: "RowHistory") -> Iterator[str]:
    if found.uploads and found.uploads[-1].status in {"unknown", "started"}:
        yield (
            "unknown:   Metrica may have the last upload; the next run looks its outcome up, or "
            "sends the row again"
        )
    for verdict in found.verdicts:
        column = f" in {verdict.column}" if verdict.column else ""
        yield f"ledger:    {verdict.state} since run {verdict.run_no}: {verdict.reason}{column}"
    if last := found.last_run:
        code = "did not finish" if last.exit_code is None else f"exit code {last.exit_code}"
        yield f"last run:  {last.run_no} of {last.started_at}, {code}: {last.message or ''}"


def _next_lines(found: "Explanation", next_run: "NextRun") -> Iterator[str]:
    shown = next_run.as_dict(with_values=False)
    change = next_run.change
    if change is not None:
        path = status_path(change)
        statuses = f", statuses {path}" if path else ""
        yield f"next run:  sends the {KINDS[change.delivered]}{statuses}"
        if change.steps_left:
            yield f"later:     {next_run.reason}: {counted(change.steps_left, 'more status')}"
        return
    if next_run.state == "unchanged":
        is_list = found.mart in ("order_statuses", "products")
        note = "; a list is sent whole when another row of it changes" if is_list else ""
        yield f"next run:  sends nothing; Metrica has this state of the row{note}"
        return
    column = f" in {next_run.column}" if next_run.column else ""
    detail = f" Metrica's reason: {next_run.detail}" if next_run.detail else ""
    yield f"next run:  {next_run.state}: {next_run.reason}{column}"
    yield f"reason:    {shown['explanation']}{detail}"
    yield f"cure:      {shown['cure']}"


def _show_tables(found: "Explanation", *, with_values: bool) -> None:
    from metrica_export import console

    if found.history.uploads:
        heads = (
            "upload",
            "run",
            "started",
            "answer",
            "id in Metrica",
            "step",
            "status",
            "row hash",
        )
        keys = ["upload_no", "run_no", "started_at", "status", "uploading_id"]
        keys += ["step", "order_status", "row_hash"]
        rows = [tuple(getattr(upload, key) for key in keys) for upload in found.history.uploads]
        console.show(heads, rows, title="Uploads")
    for row in found.rows:
        if row.next_run.change is not None:
            columns = change_rows(row.next_run.change, with_values=with_values)
            console.show(("column", "change", "value"), columns, title="Next run")


KINDS = {"no": "new row", "yes": "changed row", "unknown": "row that Metrica may have"}
"""The words for a row, by its delivered state."""


def status_path(change: "RowChange") -> str:
    """Return the delivered status and the statuses to send, in their order.

    A status that a changed row repeats stands once.
    """
    path = [*([change.last_status] if change.last_status else []), *change.statuses]
    return " → ".join(status for status, _ in groupby(path))


def change_rows(change: "RowChange", *, with_values: bool) -> list[tuple[str, str, str | None]]:
    """Return column, change and value of each changed column, the value masked by default."""
    return [
        (each.column, CHANGES[each.change], "" if each.change == "emptied" else each.value)
        for each in change.cells(with_values=with_values)
    ]


CHANGES = {
    "filled": "gets a value",
    "emptied": "becomes empty",
    "kept": "changed in the mart; the original is sent again",
    "may_differ": "may differ",
}
"""The words for a change of a column."""
