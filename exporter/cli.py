"""The command `metrica-export`: reads settings, runs one command, prints, exits."""

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from exporter.config import DEFAULT_API_URL, DbtSettings, Limits, read_api, read_only
from exporter.errors import ExportError

_EXIT_CODES = """\b
Exit codes:
  0  clean
  1  finished, with rows rejected, held or refused
  2  settings
  3  warehouse
  4  Metrica
  5  ledger or lock
"""


class _Commands(click.Group):
    """The commands of this module, and the emulator's own, imported only when it is meant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), "emulator"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "emulator":
            from exporter.emulator.command import emulator

            return emulator
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands, epilog=_EXIT_CODES, context_settings={"max_content_width": 100})
@click.version_option(package_name="metrica-crm-export")
def cli() -> None:
    """Deliver a CRM's dbt marts to Yandex Metrica: only what changed.

    The token comes from the environment variable METRICA_TOKEN only.
    """


def _options(*options: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        return functools.reduce(lambda made, option: option(made), reversed(options), command)

    return add


_FOLDER = click.Path(file_okay=False, path_type=Path)

_counter = click.option(
    "--counter",
    "counter_id",
    type=click.IntRange(min=1),
    envvar="METRICA_COUNTER_ID",
    required=True,
    show_envvar=True,
    help="The counter's number.",
)
_api_url = click.option(
    "--api-url",
    envvar="METRICA_API_URL",
    default=DEFAULT_API_URL,
    show_default=True,
    show_envvar=True,
    help="Metrica's address, or an emulator's.",
)
_warehouse = _options(
    click.option(
        "--project-dir",
        type=_FOLDER,
        envvar="DBT_PROJECT_DIR",
        show_envvar=True,
        help="dbt's project.  [default: dbt_project, or here]",
    ),
    click.option(
        "--profiles-dir",
        type=_FOLDER,
        show_envvar=True,
        envvar="DBT_PROFILES_DIR",
        help="Where profiles.yml is.  [default: here, or ~/.dbt]",
    ),
    click.option("--profile", help="Profile in profiles.yml.  [default: the project's]"),
    click.option("--target", help="Target of the profile.  [default: the profile's]"),
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
_limits = _options(
    click.option(
        "--chunk-rows",
        default=Limits().chunk_rows,
        show_default=True,
        envvar="METRICA_CHUNK_ROWS",
        show_envvar=True,
        help="Rows in one file at most.",
    ),
    click.option(
        "--chunk-bytes",
        default=Limits().chunk_bytes,
        show_default=True,
        envvar="METRICA_CHUNK_BYTES",
        show_envvar=True,
        help="Bytes of one file at most.",
    ),
    click.option(
        "--staging-dir",
        type=_FOLDER,
        envvar="METRICA_STAGING_DIR",
        show_envvar=True,
        help="Where files are made before they go out.  [default: the system's]",
    ),
)
_scope = _options(
    click.option("--only", metavar="MART,…", help="Marts to export.  [default: all]"),
    click.option("--reconcile", is_flag=True, help="Compare every row, whatever the watermark."),
)


def _dbt(
    project_dir: Path | None, profiles_dir: Path | None, profile: str | None, target: str | None
) -> DbtSettings:
    here = Path("dbt_project")
    default = here if here.is_dir() else Path()
    return DbtSettings(project_dir or default, profiles_dir, profile, target)


@cli.command()
@_scope
@_json
@_counter
@_api_url
@_warehouse
@_limits
@click.option(
    "--split-requests",
    default=Limits().split_requests,
    show_default=True,
    help="Uploads that a run may spend on finding the bad rows of refused files.",
)
def run(  # noqa: PLR0913 - one parameter for each option
    *,
    only: str | None,
    reconcile: bool,
    as_json: bool,
    counter_id: int,
    api_url: str,
    chunk_rows: int,
    chunk_bytes: int,
    staging_dir: Path | None,
    split_requests: int,
    **dbt: Any,
) -> None:
    """Send what Metrica does not have yet."""
    from exporter import report, runs

    outcome = report.Outcome()
    try:
        runs.run(
            outcome,
            dbt=_dbt(**dbt),
            api=read_api(api_url, counter_id),
            limits=Limits(chunk_rows, chunk_bytes, split_requests),
            names=read_only(only),
            everything=reconcile,
            staging_dir=staging_dir,
        )
    except ExportError as error:
        outcome.error, outcome.exit_code = str(error), error.exit_code
    _finish(outcome, "sent", as_json=as_json)


@cli.command()
@_scope
@_json
@_counter
@_warehouse
@_limits
def plan(  # noqa: PLR0913 - one parameter for each option
    *,
    only: str | None,
    reconcile: bool,
    as_json: bool,
    counter_id: int,
    chunk_rows: int,
    chunk_bytes: int,
    staging_dir: Path | None,
    **dbt: Any,
) -> None:
    """Show what a run would send, and why some rows would not go; send nothing."""
    from exporter import report, runs

    outcome = report.Outcome()
    try:
        reasons = runs.plan(
            outcome,
            dbt=_dbt(**dbt),
            counter_id=counter_id,
            limits=Limits(chunk_rows, chunk_bytes),
            names=read_only(only),
            everything=reconcile,
            staging_dir=staging_dir,
        )
        if not as_json and reasons:
            report.show(("mart", "state", "column", "reason", "rows"), reasons)
    except ExportError as error:
        outcome.error, outcome.exit_code = str(error), error.exit_code
    _finish(outcome, "would send", as_json=as_json)


def _finish(outcome: Any, verb: str, *, as_json: bool) -> None:
    from exporter import report

    if as_json:
        click.echo(outcome.as_json())
    elif outcome.entities:
        report.show_outcome(outcome, verb)
    if outcome.error is not None:
        click.echo(f"Error: {outcome.error}", err=True)
    sys.exit(outcome.exit_code)


@cli.command()
@_json
@_counter
@_warehouse
def status(*, as_json: bool, counter_id: int, **dbt: Any) -> None:
    """Show what is pending, sent, rejected and held, and the last runs."""
    from exporter import report, runs

    states, last = runs.status(_dbt(**dbt), counter_id)
    if as_json:
        click.echo(json.dumps({"entities": states, "runs": last}, ensure_ascii=False))
        return
    heads = ("rows", "pending", "sent", "rejected", "held")
    rows = [(name, *(counts[head] for head in heads)) for name, counts in states.items()]
    report.show(("mart", *heads), rows)
    if last:
        keys = ("run_no", "started_at", "finished_at", "exit_code", "message")
        report.show(keys, [tuple(r[key] for key in keys) for r in last], title="Last runs")
    else:
        click.echo("No run yet for this counter.")


@cli.command()
@_json
@_counter
@_warehouse
def rejects(*, as_json: bool, counter_id: int, **dbt: Any) -> None:
    """List the rows that are not sent: mart, id, state, column, reason."""
    from exporter import report, runs

    found = runs.rejects(_dbt(**dbt), counter_id)
    if as_json:
        click.echo(json.dumps({"rejects": found}, ensure_ascii=False))
    elif found:
        keys = ("entity", "id", "state", "column", "reason", "explanation")
        report.show(keys, [tuple(row[key] for key in keys) for row in found])
    else:
        click.echo("No row is rejected or held.")


@cli.command()
def demo() -> None:
    """Run the whole job on a made-up CRM, an embedded warehouse and the emulator."""
    from exporter.demo.show import run_demo

    run_demo()


def main() -> None:
    """Run the command line; every error of ours becomes one message and its exit code."""
    try:
        cli.main(standalone_mode=True)
    except ExportError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
