"""The command `metrica-export`: reads settings, runs one command, prints, exits.

Modules that only some commands need are imported by those, so that help and settings
errors come at once.
"""

import io
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from exporter import options
from exporter.access import read_api
from exporter.errors import ExportError, InterruptedRunError

if TYPE_CHECKING:
    from exporter.runs import Parts

_EXIT_CODES = """\b
Exit codes:
  0  clean
  1  finished, with rows rejected, held or refused
  2  settings
  3  warehouse
  4  Metrica
  5  ledger or lock
  6  stopped by the gate, before the first upload
  130  interrupted
"""


class _Commands(click.Group):
    """The commands of this module, and those of others, imported only when they are meant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*sorted([*super().list_commands(ctx), "doctor", "schema"]), "emulator"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in {"doctor", "schema"}:
            from exporter import inspections

            return inspections.doctor if cmd_name == "doctor" else inspections.schema_group
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


@cli.command()
@options.scope
@click.option(
    "--plan",
    "saved_plan",
    type=click.Path(path_type=Path),
    help="Do exactly what this saved plan says, or nothing.",
)
@options.as_json
@options.counter
@options.api_url
@options.warehouse
@options.form
@options.gate
@options.limits
@click.pass_obj
def run(parts: "Parts | None", /, *, as_json: bool, api_url: str, **given: Any) -> None:
    """Send what Metrica does not have yet."""
    api, wanted = read_api(api_url, given["counter_id"]), options.options_of(given)
    from exporter import report, runs

    outcome = report.Outcome()
    try:
        runs.run(outcome, wanted, api, parts or runs.PARTS)
    except ExportError as error:
        outcome.fail(error)
    report.finish(outcome, "sent", as_json=as_json)
    sys.exit(outcome.exit_code)


@cli.command()
@options.scope
@click.option(
    "--out", type=click.Path(path_type=Path), help="Save the plan, for `metrica-export run --plan`."
)
@options.as_json
@options.counter
@options.warehouse
@options.form
@options.gate
@options.limits
def plan(*, as_json: bool, out: Path | None, **given: Any) -> None:
    """Show what a run would send, and why some rows would not go; send nothing."""
    wanted = options.options_of(given)
    from exporter import report, runs

    outcome = report.Outcome()
    try:
        reasons = runs.plan(outcome, wanted, out)
        if reasons and not as_json:
            report.show(("mart", "state", "column", "reason", "rows"), reasons)
        if not as_json:
            report.show_changes(outcome)
    except ExportError as error:
        outcome.fail(error)
    report.finish(outcome, "would send", as_json=as_json)
    sys.exit(outcome.exit_code)


@cli.command()
@options.as_json
@options.counter
@options.warehouse
def status(*, as_json: bool, counter_id: int, **given: Any) -> None:
    """Show what is pending, sent, rejected and held, and the last runs."""
    from exporter import report, standing

    states, last = standing.status(options.dbt_of(given), counter_id)
    if as_json:
        click.echo(json.dumps({"entities": states, "runs": last}, ensure_ascii=False))
        return
    heads = ("rows", "pending", "sent", "rejected", "held", "late", "expiring")
    rows = [(mart, *(counts.get(head, "") for head in heads)) for mart, counts in states.items()]
    report.show(("mart", *heads), rows)
    if last:
        keys = ("run_no", "started_at", "finished_at", "exit_code", "message")
        report.show(keys, [tuple(line[key] for key in keys) for line in last], title="Last runs")
    else:
        click.echo("No run yet for this counter.")


@cli.command()
@options.as_json
@options.counter
@options.warehouse
def rejects(*, as_json: bool, counter_id: int, **given: Any) -> None:
    """List the rows that are not sent: mart, id, state, column, reason."""
    from exporter import report, standing

    found = standing.rejects(options.dbt_of(given), counter_id)
    if as_json:
        click.echo(json.dumps({"rejects": found}, ensure_ascii=False))
    elif found:
        keys = ("entity", "id", "state", "column", "reason", "explanation")
        report.show(("mart", *keys[1:]), [tuple(line[key] for key in keys) for line in found])
    else:
        click.echo("No row is rejected or held.")


@cli.command()
@options.rows
@options.counter
@options.warehouse
def retry(*, mart: str | None, key: str | None, counter_id: int, **given: Any) -> None:
    """Let rows that Metrica refused go again in the next run."""
    from exporter import amends

    options.check_rows(mart, key)
    rows = amends.retry(options.dbt_of(given), counter_id, mart, key)
    click.echo(f"{rows} refused rows will go again in the next run.")


@cli.command()
@options.rows
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.counter
@options.warehouse
def reset(*, mart: str | None, key: str | None, yes: bool, counter_id: int, **given: Any) -> None:
    """Forget what was sent, so that the next run sends it again."""
    from exporter import amends

    options.check_rows(mart, key)
    dbt = options.dbt_of(given)
    counts = amends.count_sent(dbt, counter_id, mart, key)
    if not any(counts.values()):
        click.echo("No such row was sent: there is nothing to forget.")
        return
    for name, rows in counts.items():
        click.echo(f"{name}: {rows} rows would be sent again")
    click.echo(
        "Metrica merges equal states, so sending again changes nothing there; it costs requests."
    )
    if yes or click.confirm(f"Forget them for counter {counter_id}?", abort=True):
        amends.reset(dbt, counter_id, mart, key)
        click.echo("Forgotten.")


@cli.command()
def demo() -> None:
    """Run the whole job on a made-up CRM, an embedded warehouse and the emulator."""
    from exporter.demo.show import run_demo

    run_demo()


def _interrupt(signum: int, _: object) -> None:
    raise InterruptedRunError(
        f"Interrupted by {signal.Signals(signum).name}. What was sent is in the ledger, and the "
        "next run goes on from there."
    )


def _end(exit_code: int, error: str) -> NoReturn:
    if "--json" in sys.argv:
        # A script that was promised an object gets one, whatever was wrong.
        outcome = {"entities": {}, "requests": 0, "exit_code": exit_code, "error": error}
        click.echo(json.dumps(outcome, ensure_ascii=False))
    sys.exit(exit_code)


def main(parts: "Parts | None" = None) -> None:
    """Run the command line; every error becomes one message and its exit code.

    Only the fault campaign gives `parts`.
    """
    # An orchestrator ends a job by SIGTERM; the lock and the staged rows must go with it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.exit(cli.main(standalone_mode=False, obj=parts) or 0)
    except ExportError as error:
        click.echo(f"Error: {error}", err=True)
        _end(error.exit_code, str(error))
    except click.ClickException as error:
        error.show()
        _end(error.exit_code, error.format_message())
    except click.Abort:
        click.echo("Left as it was.", err=True)
        sys.exit(1)
