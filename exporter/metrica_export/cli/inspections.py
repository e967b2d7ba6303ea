"""The commands that compare Metrica with the marts or the ledger."""

import sys
from typing import TYPE_CHECKING, Any

import click

from metrica_export.cli import option_values, options
from metrica_export.cli.ending import printing
from metrica_export.cli.settings_file import ConfiguredCommand
from metrica_export.errors import SettingsError
from metrica_export.metrica.access import read_api
from metrica_export.metrica.redaction import json_line
from metrica_export.plurals import counted
from metrica_export.settings import Limits, Options

if TYPE_CHECKING:
    from metrica_export.commands.doctor.finding import Finding
    from metrica_export.commands.schema import Differences


def _options_of(given: dict[str, Any]) -> Options:
    limits = Limits(daily_requests=given["daily_requests"])
    return Options(option_values.dbt_of(given), given["counter_id"], (), limits=limits)


@click.command(cls=ConfiguredCommand)
@options.as_json
@options.counter
@options.api_url
@options.warehouse
@options.daily_requests
def doctor(*, as_json: bool, api_url: str, **given: Any) -> None:
    """Check everything that a run depends on, and advise; send nothing.

    Each line appears as soon as its check has ended. Checks that need no network come first. The
    exit code is 0, or the code with which a run would end for the first error.
    """
    from metrica_export import console
    from metrica_export.commands.doctor.examination import examine

    console.Reporter().report_retries()
    shown_at_once = {} if as_json else {"report": _show_finding}
    found = examine(_options_of(given), api_url, **shown_at_once)
    with printing():
        if as_json:
            shown = {
                "checks": [finding.as_dict() for finding in found.findings],
                "skipped": found.skipped,
                "exit_code": found.exit_code,
            }
            click.echo(json_line(shown))
        elif found.skipped:
            console.say(f"Skipped because an earlier check failed: {', '.join(found.skipped)}.")
    sys.exit(found.exit_code)


def _show_finding(finding: "Finding") -> None:
    from metrica_export import console

    advice = f" {finding.advice}" if finding.advice else ""
    with printing():
        console.say(f"{finding.level:<8} {finding.check}: {_ended(finding.found)}{advice}")


@click.group("schema")
def schema_group() -> None:
    """Compare Metrica's order statuses and custom attributes with the marts."""


@schema_group.command(cls=ConfiguredCommand)
@options.as_json
@options.counter
@options.api_url
@options.warehouse
@options.daily_requests
def diff(*, as_json: bool, api_url: str, **given: Any) -> None:
    """Show the differences; change nothing.

    The exit code is 1 if a status or attribute of the marts is missing or different in
    Metrica. Statuses that only Metrica has are shown, and do not count.
    """
    from metrica_export.commands import schema
    from metrica_export.console import Reporter

    Reporter().report_retries()
    found = schema.diff(_options_of(given), read_api(api_url, given["counter_id"]))
    with printing():
        if as_json:
            click.echo(json_line(_as_dict(found)))
        else:
            _show(found)
    sys.exit(int(not found.equal))


@schema_group.command(cls=ConfiguredCommand)
@options.as_json
@options.counter
@options.api_url
@options.warehouse
@options.daily_requests
@click.option("--yes", is_flag=True, help="Do not ask. A job without a terminal needs it.")
def apply(*, as_json: bool, api_url: str, yes: bool, **given: Any) -> None:
    """Write the mart's order statuses to Metrica, and replace edits there.

    Shows the difference and asks, on a terminal. Without one, or with --json, it needs --yes;
    otherwise it sends nothing and ends with exit code 2. Custom attributes are created by the run
    that first needs them.
    """
    from metrica_export.cli import output
    from metrica_export.commands import schema
    from metrica_export.console import Reporter

    options_, api = _options_of(given), read_api(api_url, given["counter_id"])
    found, result = schema.diff(options_, api), None
    if not as_json:
        with printing():
            _show(found)
            if not found.to_apply:
                click.echo("There is nothing to apply.")
    if found.to_apply:
        if not yes:
            _ask(found, as_json=as_json, counter_id=api.counter_id)
        result = schema.apply(options_, api, Reporter(), found)
    with printing():
        if as_json:
            click.echo(json_line({"statuses": _as_dict(found)["statuses"], "exit_code": 0}))
        elif result is not None:
            output.finish(result, "sent", as_json=False)


def _ask(found: "Differences", *, as_json: bool, counter_id: int) -> None:
    """Return if the user says yes; abort otherwise. Raises SettingsError if nobody can answer."""
    statuses = counted(len(found.to_apply), "order status")
    if as_json or sys.stdin is None or not sys.stdin.isatty():
        asked = "--json asks nobody" if as_json else "there is no terminal to ask"
        raise SettingsError(
            f"Nothing was sent: counter {counter_id} differs in {statuses}, and {asked}. "
            "Check `metrica-export schema diff` and pass --yes."
        )
    click.confirm(f"Write {statuses} to counter {counter_id}?", abort=True)


@click.command(cls=ConfiguredCommand)
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.counter
@options.api_url
@options.warehouse
@options.mode
def recover(*, yes: bool, mode: str, api_url: str, counter_id: int, **given: Any) -> None:
    """Repair a ledger that was restored from a backup, or lost; send nothing.

    First load the CRM's present data and run `dbt build`. The next run sends the present state
    of every row once, and no older status of an order.
    """
    from metrica_export.commands import recover
    from metrica_export.console import Reporter

    api = read_api(api_url, counter_id)
    Reporter().report_retries()
    with printing():
        click.echo(
            "The next run will send every row of the marts once. Orders skip the statuses before "
            "their present one."
        )
    if yes or click.confirm(f"Recover the ledger of counter {counter_id}?", abort=True):
        recovered = recover.recover(option_values.dbt_of(given), api, mode)
        with printing():
            for mart, rows in recovered.items():
                click.echo(f"{mart}: {counted(rows, 'row')} will be sent again")


COMMANDS: dict[str, click.Command] = {
    "doctor": doctor,
    "recover": recover,
    "schema": schema_group,
}


def _as_dict(found: "Differences") -> dict[str, Any]:
    return {
        "statuses": [
            {
                "id": change.id,
                "change": change.kind,
                "fields": {
                    field: {"in_metrica": in_metrica, "in_mart": in_mart}
                    for field, (in_metrica, in_mart) in change.fields().items()
                },
            }
            for change in found.statuses
        ],
        "attributes": [
            {
                "mart": each.mart,
                "name": each.attribute.name,
                "in_metrica": each.found,
                "in_mart": each.attribute.type_name,
            }
            for each in found.attributes
        ],
        "equal": found.equal,
    }


def _show(found: "Differences") -> None:
    from metrica_export import console

    statuses = [
        (change.id, field, *values)
        for change in found.statuses
        for field, values in change.fields().items()
    ]
    if statuses:
        heads = ("status", "field", "in Metrica", "in the mart")
        console.show(heads, statuses, title="Order statuses")
    if found.attributes:
        console.show(
            ("mart", "attribute", "in Metrica", "in the mart"),
            [(a.mart, a.attribute.name, a.found, a.attribute.type_name) for a in found.attributes],
            title="Custom attributes",
        )
    if not statuses and not found.attributes:
        click.echo("Metrica's order statuses and custom attributes equal those of the marts.")


def _ended(text: str) -> str:
    return text if text.endswith((".", "!")) else f"{text}."
