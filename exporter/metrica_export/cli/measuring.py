"""The command `measure`: delivered orders, tied orders, and their rate."""

import sys
from typing import TYPE_CHECKING, Any

import click

from metrica_export.cli import option_values, options
from metrica_export.cli.ending import printing
from metrica_export.cli.settings_file import ConfiguredCommand
from metrica_export.metrica.access import read_api
from metrica_export.metrica.redaction import json_line

if TYPE_CHECKING:
    from metrica_export.commands.measure.result import MeasuredCohort, Result

_UNKNOWN = "-"

_NOT_PROCESSED = (
    "Metrica has no CRM goals yet: no upload has been processed. Nothing was measured. Rerun a few "
    "hours after the first upload."
)


@click.command(cls=ConfiguredCommand)
@click.option(
    "--cohort",
    "months",
    multiple=True,
    metavar="YYYY-MM",
    help="Month in which the orders were created; repeat it for several.  [default: the months "
    "whose orders Metrica can still tie or update]",
)
@click.option(
    "--by-client",
    is_flag=True,
    help="Look up the visitors of the orders by ClientID, too, with up to 30 requests. ClientIDs "
    "then stand in addresses of requests to Metrica.",
)
@click.option(
    "--at-least",
    type=click.FloatRange(0, 1),
    metavar="RATE",
    help="End with exit code 1 if the rate of a cohort is lower, for example 0.2.",
)
@click.option(
    "--early",
    is_flag=True,
    help="Measure within two hours of the last upload, while Metrica may still process it.",
)
@options.as_json
@options.counter
@options.api_url
@options.warehouse
def measure(  # noqa: PLR0913 - one parameter per option
    *,
    months: tuple[str, ...],
    by_client: bool,
    at_least: float | None,
    early: bool,
    as_json: bool,
    counter_id: int,
    api_url: str,
    **given: Any,
) -> None:
    """Measure how many delivered orders Metrica tied to visits, and record the rate.

    Metrica's data stay as they are. The table metrica_export.tied_orders keeps every measurement.
    Exit code 7: Metrica cannot tell the rate now.
    """
    from metrica_export.commands.measure import cohorts
    from metrica_export.commands.measure.measure import Wanted
    from metrica_export.commands.measure.measure import measure as run_measure
    from metrica_export.console import Reporter

    wanted = Wanted(
        option_values.dbt_of(given),
        tuple(map(cohorts.Cohort.parse, months)),
        is_early=early,
        by_client=by_client,
    )
    Reporter().report_retries()
    found = run_measure(wanted, read_api(api_url, counter_id))
    below = found.below(at_least) if at_least is not None else []
    exit_code = 1 if below else 0
    with printing():
        if as_json:
            click.echo(json_line(found.as_dict() | {"exit_code": exit_code}))
        else:
            show(found)
        for each in below:
            click.echo(f"The rate of {each.cohort} is below {at_least:g} (--at-least).", err=True)
    sys.exit(exit_code)


def show(found: "Result") -> None:
    """Print the measured cohorts with their caveats."""
    from metrica_export import console
    from metrica_export.commands.measure.result import CAVEATS

    if not found.cohorts and not found.notes:
        click.echo(_NOT_PROCESSED)
        return
    if found.cohorts:
        show_rates(found.cohorts)
        _show_details(found.cohorts)
    for metric, why in found.refused.items():
        console.say(f"Not measured: {metric}. {why}")
    for note in found.notes:
        console.say(note)
    if found.cohorts:
        click.echo("How to read the rate:")
        for caveat in CAVEATS:
            console.say(f"  - {caveat}")


def show_rates(cohorts: "list[MeasuredCohort]") -> None:
    """Print one line for each cohort: delivered, tied, and expected orders."""
    from metrica_export import console

    rows = []
    for each in cohorts:
        line = each.lines()[0]
        rows.append(
            (
                str(each.cohort),
                line.delivered,
                line.in_window,
                _cell(line.tied),
                _percent(line.rate),
                _cell(line.expected),
                _cell(each.tied.at_most()),
            )
        )
    heads = ("cohort", "delivered", "in window", "tied", "rate", "expected", "tied at most")
    console.show(heads, rows, title="Orders by the month of their creation")


def _show_details(cohorts: "list[MeasuredCohort]") -> None:
    from metrica_export import console
    from metrica_export.ledger.measurements import ALL

    types, kinds, money, clients = [], [], [], []
    for each in cohorts:
        month, shown = str(each.cohort), each.as_dict()
        for line in each.lines():
            if not line.delivered and not line.tied:
                continue
            if line.status_type != ALL:
                types.append(
                    (
                        month,
                        line.status_type,
                        line.delivered,
                        _cell(line.tied),
                        _percent(line.rate),
                    )
                )
            if line.identifiers != ALL:
                kinds.append(
                    (
                        month,
                        line.identifiers,
                        line.delivered,
                        line.in_window,
                        line.delivered - line.in_window,
                        _cell(line.tied),
                        _cell(line.expected),
                    )
                )
        sums, goals = shown["money"], shown["goals"]
        keys = ("delivered_revenue", "revenue", "profit")
        money.append((month, *(_money(sums[key]) for key in keys), _goals(goals)))
        if each.by_client:
            clients.append(
                (
                    month,
                    each.by_client.orders,
                    _cell(each.by_client.tied),
                    _cell(each.by_client.with_visits),
                    each.by_client.unknown,
                    each.by_client.left_out,
                )
            )
    heads: tuple[str, ...] = ("cohort", "status type", "delivered", "tied", "rate")
    console.show(heads, types, title="By status type")
    heads = ("cohort", "identifiers", "delivered", "in window", "past it", "tied", "expected")
    console.show(heads, kinds, title="By the strongest identifier of the contact")
    heads = (
        "cohort",
        "delivered revenue",
        "tied revenue",
        "tied profit",
        "goals: visits (reaches)",
    )
    console.show(heads, money, title="Paid orders in RUB, and CRM goals")
    if clients:
        heads = ("cohort", "looked up", "tied", "visits, no tie", "unknown visitor", "left out")
        console.show(heads, clients, title="Orders with a ClientID")


def _goals(goals: dict[str, dict[str, int | None]]) -> str:
    return ", ".join(
        f"{name.removeprefix('cdp_order_')} {_text(n['visits'])} ({_text(n['reaches'])})"
        for name, n in goals.items()
    )


def _cell(value: float | None) -> int | float | str:
    return _UNKNOWN if value is None else value


def _text(value: float | None) -> str:
    return str(_cell(value))


def _money(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.2f}"


def _percent(rate: float | None) -> str:
    return _UNKNOWN if rate is None else f"{100 * rate:.1f} %"


COMMANDS = {"measure": measure}
