"""The command that starts the emulator."""

from pathlib import Path
from textwrap import fill

import click

from metrica_emulator.options import EmulatorError, EmulatorOptions
from metrica_emulator.switches import Switches, describe

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
    indent = " " * 4
    texts = [
        f"  {name}={choices}\n{fill(meaning, 76, initial_indent=indent, subsequent_indent=indent)}"
        for name, choices, meaning in describe()
    ]
    return "\n".join(["\b", "Switches, the default first:", *texts])


@click.command(epilog=_epilog())
@click.option("--port", type=click.IntRange(0, 65535), required=True, help="0 takes a free port.")
@click.option("--counter", type=click.IntRange(1), required=True, help="The only counter.")
@click.option("--token", required=True, help="The only valid token; any text.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="SQLite file that keeps uploads. Without it, they stay in memory.",
)
@click.option(
    "--time-zone", default="Europe/Moscow", show_default=True, help="The counter's time zone."
)
@click.option("--goal", "goals", multiple=True, metavar="ID", help="A JavaScript goal's id.")
@click.option(
    "--visits",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV file of visits to the site, to which orders are linked: visit_id, started_at,"
    " client_id, emails, phones.",
)
@click.option(
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_switches,
    help="Another reading of Metrica's documentation, from the list below.",
)
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
    """Run an emulator of Metrica's CRM import on this machine, to test an export."""
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
        _serve(options)
    except EmulatorError as error:
        click.echo(str(error), err=True)
        raise SystemExit(_SETTINGS) from None


def _serve(options: EmulatorOptions) -> None:
    from metrica_emulator.server import run  # noqa: PLC0415 - --help does not wait for the server

    run(options)
