"""The command that starts the emulator."""

from pathlib import Path

import click

from metrica_emulator import EmulatorError, EmulatorOptions, Switches, serve
from metrica_emulator.switches import describe

_SETTINGS = 2


def _switches(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> Switches:
    pairs = [entry.partition("=") for entry in given]
    if any(not equals for _, equals, _ in pairs):
        raise click.BadParameter("Write a switch as NAME=VALUE.")
    try:
        return Switches().with_values({name: value for name, _, value in pairs})
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _epilog() -> str:
    lines = [f"{name}={choices}\n    {meaning}" for name, choices, meaning in describe()]
    return "\b\nSwitches, the default first:\n" + "\n".join(f"  {line}" for line in lines)


@click.command(epilog=_epilog())
@click.option("--port", type=click.IntRange(0, 65535), required=True, help="0 takes a free port.")
@click.option("--counter", type=click.IntRange(1), required=True, help="The only counter it has.")
@click.option("--token", required=True, help="The only token it knows; any text.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="SQLite file that holds what was uploaded; kept in memory when not given.",
)
@click.option("--time-zone", default="Europe/Moscow", show_default=True, help="The counter's.")
@click.option("--goal", "goals", multiple=True, metavar="ID", help="A JavaScript goal it has.")
@click.option(
    "--visits",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV file of visits to the site, to which orders are tied: visit_id, started_at,"
    " client_id, emails, phones.",
)
@click.option("--switch", "switches", multiple=True, metavar="NAME=VALUE", callback=_switches)
def emulator(  # noqa: PLR0913 - one parameter per option
    *,
    port: int,
    counter: int,
    token: str,
    state: Path | None,
    time_zone: str,
    goals: tuple[str, ...],
    visits: Path | None,
    switches: Switches,
) -> None:
    """Run Metrica's CRM import on this machine, to test an export against it."""
    options = EmulatorOptions(
        counter=counter,
        token=token,
        port=port,
        state=state,
        time_zone=time_zone,
        goals=goals,
        visits=visits,
        switches=switches,
    )
    try:
        serve(options)
    except EmulatorError as error:
        click.echo(str(error), err=True)
        raise SystemExit(_SETTINGS) from None
