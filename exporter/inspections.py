"""The commands that compare Metrica with the marts, and look at all that a run depends on."""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from exporter import options
from exporter.access import read_api
from exporter.config import Limits, Options
from exporter.ending import printing

if TYPE_CHECKING:
    from exporter.schema import Differences


def _options_of(given: dict[str, Any]) -> Options:
    limits = Limits(daily_requests=given["daily_requests"])
    return Options(options.dbt_of(given), given["counter_id"], (), limits=limits)


@click.command()
@options.as_json
@options.counter
@options.api_url
@options.warehouse
@options.daily_requests
def doctor(*, as_json: bool, api_url: str, **given: Any) -> None:
    """Look at all that a run depends on, and say what to do; send nothing.

    Ends with 0, or with the code of the first error, which is a run's.
    """
    from exporter.doctor import examine
    from exporter.report import Reporter

    Reporter().tell_retries()
    chart = examine(_options_of(given), api_url)
    with printing():
        if as_json:
            shown = {
                "checks": [finding.as_dict() for finding in chart.findings],
                "skipped": chart.skipped,
                "exit_code": chart.exit_code,
            }
            click.echo(json.dumps(shown, ensure_ascii=False))
        else:
            for finding in chart.findings:
                advice = f" {finding.advice}" if finding.advice else ""
                _line(f"{finding.level:<8} {finding.check}: {_ended(finding.found)}{advice}")
            if chart.skipped:
                _line(f"Not looked at, for want of the above: {', '.join(chart.skipped)}.")
    sys.exit(chart.exit_code)


@click.group("schema")
def schema_group() -> None:
    """Compare Metrica's order statuses and custom attributes with the marts."""


@schema_group.command()
@options.as_json
@options.counter
@options.api_url
@options.warehouse
@options.daily_requests
def diff(*, as_json: bool, api_url: str, **given: Any) -> None:
    """Show what differs; change nothing.

    Ends with exit code 1 if Metrica lacks something that the marts declare, or has it
    otherwise. What Metrica has besides is shown, and left alone.
    """
    from exporter import schema
    from exporter.report import Reporter

    Reporter().tell_retries()
    found = schema.diff(_options_of(given), read_api(api_url, given["counter_id"]))
    with printing():
        if as_json:
            click.echo(json.dumps(_as_dict(found), ensure_ascii=False))
        else:
            _show(found)
    sys.exit(int(not found.equal))


@schema_group.command()
@options.as_json
@options.counter
@options.api_url
@options.warehouse
@options.daily_requests
def apply(*, as_json: bool, api_url: str, **given: Any) -> None:
    """Put the mart's order statuses into Metrica, whatever was edited there.

    Custom attributes are made by the run that first needs them.
    """
    from exporter import report, schema

    outcome = report.Outcome()
    found = schema.apply(outcome, _options_of(given), read_api(api_url, given["counter_id"]))
    with printing():
        if as_json:
            shown = {"statuses": _as_dict(found)["statuses"], "exit_code": outcome.exit_code}
            click.echo(json.dumps(shown, ensure_ascii=False))
        else:
            _show(found)
            report.finish(outcome, "sent", as_json=False)
            if not found.to_apply:
                click.echo("There is nothing to apply.")
    sys.exit(outcome.exit_code)


def _as_dict(found: "Differences") -> dict[str, Any]:
    return {
        "statuses": [
            {
                "id": change.id,
                "change": change.kind,
                "fields": {
                    field: {"in_metrica": theirs, "in_mart": ours}
                    for field, (theirs, ours) in change.fields().items()
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
    from exporter import report

    statuses = [
        (change.id, field, *values)
        for change in found.statuses
        for field, values in change.fields().items()
    ]
    if statuses:
        heads = ("status", "field", "in Metrica", "in the mart")
        report.show(heads, statuses, title="Order statuses")
    if found.attributes:
        report.show(
            ("mart", "attribute", "in Metrica", "in the mart"),
            [(a.mart, a.attribute.name, a.found, a.attribute.type_name) for a in found.attributes],
            title="Custom attributes",
        )
    if not statuses and not found.attributes:
        click.echo("Metrica has the order statuses and custom attributes as the marts declare.")


def _line(text: str) -> None:
    # Ids may come from Metrica, and hold what would move the cursor.
    click.echo("".join(c if c.isprintable() else repr(c)[1:-1] for c in text))


def _ended(text: str) -> str:
    return text if text.endswith((".", "!")) else f"{text}."


COMMANDS = {"doctor": doctor, "schema": schema_group}
