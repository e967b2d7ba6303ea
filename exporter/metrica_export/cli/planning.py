"""The command `plan`: the rows that a run would send, in tables, Markdown, JSON and files."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from metrica_export.cli import option_values, options, output_format, run_options
from metrica_export.cli.ending import ending, printing
from metrica_export.cli.settings_file import ConfiguredCommand
from metrica_export.errors import SettingsError
from metrica_export.metrica.redaction import json_line
from metrica_export.plurals import counted

if TYPE_CHECKING:
    from metrica_export.commands.plan import Details
    from metrica_export.commands.result import RunResult

_PATH = click.Path(path_type=Path)


@click.command(cls=ConfiguredCommand)
@run_options.scope
@click.option("--out", type=_PATH, help="Save the plan for `metrica-export run --plan`.")
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    help="List at most this many rows of each mart, with the columns that change.",
)
@options.show_values
@click.option(
    "--files",
    type=_PATH,
    help="Write the files that a run would send into this empty folder. They have personal data; "
    "only you can read them.",
)
@output_format.form(
    "table",
    "json",
    "markdown",
    text="Format of the plan. parquet: the rows of --rows go into the file --output.",
)
@click.option("--markdown", is_flag=True, help="Same as --format markdown, for a pull request.")
@options.json_format
@output_format.output
@options.counter
@options.warehouse
@options.form
@run_options.gate
@options.lang
@run_options.fail_on
@options.limits
def plan(
    *,
    form: str,
    as_json: bool,
    markdown: bool,
    output: Path | None,
    show_values: bool,
    **given: Any,
) -> None:
    """Show the rows that a run would send, and the reasons of the others; send nothing."""
    form = output_format.choose(form, output, json=as_json, markdown=markdown)
    if output is not None and given["rows"] is None:
        raise SettingsError("--format parquet writes the rows of --rows. Add --rows.")
    wanted = option_values.options_of(given)
    from metrica_export.cli import output as printed
    from metrica_export.commands import plan
    from metrica_export.commands.outcome import Outcome

    found, details = Outcome(), plan.Details()
    more = plan.Wanted(given["out"], given["files"], given["rows"] or 0, with_values=show_values)
    with ending(found, wanted.staging.folder):
        details = plan.plan(found, wanted, more)
    outcome, written = found.result(), None
    if output is not None and outcome.error is None:
        written = _write(output, details, with_values=show_values)
    with printing():
        if form == "json":
            shown = outcome.as_dict() | details.as_dict(with_values=show_values)
            click.echo(json_line(shown))
        else:
            if output is not None:
                details.rows = None
            _show(
                outcome,
                details,
                markdown=form == "markdown",
                with_values=show_values,
                language=wanted.language,
            )
            if written is not None:
                click.echo(f"{counted(written, 'line')} written to {output}.")
        printed.warn_of_end(outcome, as_json=form == "json")
    sys.exit(outcome.exit_code)


COMMANDS = {"plan": plan}


def _write(path: Path, details: "Details", *, with_values: bool) -> int:
    from metrica_export.commands import parquet_file, tables

    rows = tables.plan_rows(details, with_values=with_values)
    return parquet_file.write_parquet(path, tables.PLAN_SCHEMA, rows)


def _show(
    outcome: "RunResult",
    details: "Details",
    *,
    markdown: bool,
    with_values: bool,
    language: str,
) -> None:
    from metrica_export import console
    from metrica_export.checks.cures import cure_of
    from metrica_export.cli import output
    from metrica_export.cli.markdown import show_markdown, write_markdown

    show, say = (show_markdown, write_markdown) if markdown else (console.show, console.say)
    if details.reasons:
        show(("mart", "state", "column", "reason", "rows"), details.reasons, title="Not sent")
        reasons = dict.fromkeys(reason for _, _, _, reason, _ in details.reasons)
        show(
            ("reason", "cure"), [(each, cure_of(each, language)) for each in reasons], title="Cures"
        )
    changes = output.changes(outcome)
    if outcome.error is None and changes[1]:
        show(*changes, title="Changes in Metrica")
    for mart, names in details.attributes.items():
        say(f"New custom attributes of {mart}, unless Metrica has them: {', '.join(names)}.")
    for note in output.notes(outcome) if outcome.error is None else ():
        say(note)
    if details.rows is not None:
        rows = _rows(details, with_values=with_values)
        show(("mart", "id", "row", "statuses", "column", "change", "value"), rows, title="Rows")
    if details.files:
        say(f"{details.files} files written.")
    if outcome.left_out:
        show(*output.left_out(outcome), title="Left out by the dbt models")
    if outcome.entities:
        show(*output.sums(outcome, "would send"), title="Rows by state")


def _rows(details: "Details", *, with_values: bool) -> list[tuple[Any, ...]]:
    """Return a line for each column of each row that changes."""
    from metrica_export.cli.explanations import KINDS, change_rows, status_path

    found: list[tuple[Any, ...]] = []
    for mart, changes in (details.rows or {}).items():
        for change in changes:
            head = (mart, change.id, KINDS[change.delivered], status_path(change))
            columns = change_rows(change, with_values=with_values) or [("", "", "")]
            found.extend((*head, *column) for column in columns)
    return found
