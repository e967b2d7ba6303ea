"""The command `metrica-export`: reads settings, runs one command, prints, exits.

Modules that only some commands need are imported by those, so that help and errors in
settings appear at once.
"""

import io
import signal
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from metrica_export.cli import option_values, options, run_options
from metrica_export.cli.ending import (
    Call,
    attempt,
    end,
    printing,
    set_log_format,
    wants_json_log,
    warn,
)
from metrica_export.cli.settings_file import ConfiguredCommand
from metrica_export.errors import InterruptedRunError
from metrica_export.metrica.access import read_api

if TYPE_CHECKING:
    from metrica_export.commands.result import RunResult
    from metrica_export.commands.run import Parts

_EXIT_CODES = """\b
Exit codes:
  0  finished; rows may be rejected or held
  1  finished, with the rows that --fail-on names (`schema diff`: there are differences;
     `explain`: the id is unknown; `measure`: a rate is below --at-least; `reset`, `recover`
     and `schema apply`: the user answered no)
  2  settings
  3  warehouse
  4  Metrica
  5  ledger or lock
  6  stopped by the gate, before the first upload
  7  unknown: Metrica cannot tell the match rate now (`measure`)
  70  unexpected error: a defect of this program
  130  interrupted
"""

_MODULES = {
    "listings": ("rejects", "status"),
    "inspections": ("doctor", "recover", "schema"),
    "explanations": ("explain",),
    "measuring": ("measure",),
    "planning": ("plan",),
    "reporting": ("report",),
    "resets": ("reset", "retry"),
    "starting": ("init", "link"),
}
"""The modules of other commands."""


class _Commands(click.Group):
    """The commands of this module, and commands of other modules, which are imported on call."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        others = [name for names in _MODULES.values() for name in names]
        return [*sorted([*super().list_commands(ctx), *others]), "emulator"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for module, names in _MODULES.items():
            if cmd_name in names:
                commands: dict[str, click.Command] = import_module(
                    f"metrica_export.cli.{module}"
                ).COMMANDS
                return commands[cmd_name]
        if cmd_name == "emulator":
            from metrica_emulator.command import emulator

            return emulator
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands, epilog=_EXIT_CODES, context_settings={"max_content_width": 100})
@click.version_option(package_name="metrica-crm-export")
@click.option(
    "--debug",
    is_flag=True,
    envvar="METRICA_DEBUG",
    show_envvar=True,
    help="Print the traceback of an unexpected error instead of writing it to a file.",
)
@click.pass_context
def cli(ctx: click.Context, *, debug: bool) -> None:
    """Deliver a CRM's dbt marts to Yandex Metrica: only the rows that changed.

    The token is read from the environment variable METRICA_TOKEN only.
    """
    call = ctx.ensure_object(Call)
    call.command, call.debug = ctx.invoked_subcommand or "", debug


@cli.command(cls=ConfiguredCommand)
@run_options.scope
@click.option(
    "--plan",
    "saved_plan",
    type=click.Path(path_type=Path),
    help="Send exactly the rows of this saved plan, or nothing.",
)
@options.as_json
@options.counter
@options.api_url
@options.warehouse
@options.form
@run_options.gate
@options.lang
@run_options.fail_on
@options.limits
@run_options.monitoring
@click.pass_obj
def run(
    call: Call,
    /,
    *,
    as_json: bool,
    api_url: str,
    log_format: str,
    metrics_file: Path | None,
    **given: Any,
) -> None:
    """Send the rows that Metrica does not have in their present state.

    With the environment variable METRICA_WEBHOOK_URL a message goes there if the run fails, the
    gate stops it, more rows are rejected or held, or orders expire within a day.
    """
    from metrica_export.cli import monitors, output
    from metrica_export.console import Reporter
    from metrica_export.event_log import json_reporter

    set_log_format(log_format)
    log = json_reporter() if log_format == "json" else None
    monitor = monitors.Monitors.read(metrics_file)

    def work() -> "RunResult":
        api, wanted = read_api(api_url, given["counter_id"]), option_values.options_of(given)
        from stamina.instrumentation import set_on_retry_hooks

        from metrica_export.commands import run

        # The default hooks would import prometheus_client, if it is installed. None is needed.
        set_on_retry_hooks([])
        return run.run(wanted, api, log or Reporter(), call.parts or run.PARTS)

    result = attempt(work, given["counter_id"], given["staging_dir"])
    with printing():
        output.finish(result, "sent", as_json=as_json, log=log)
    monitor.publish(result)
    sys.exit(result.exit_code)


@cli.command()
def demo() -> None:
    """Run the whole job on a made-up CRM, an embedded warehouse and the emulator."""
    from metrica_export.demo.show import run_demo

    run_demo()


def _interrupt(signum: int, _: object) -> None:
    raise InterruptedRunError(
        f"Interrupted by {signal.Signals(signum).name}. The ledger has every delivered row. Rerun "
        "to continue."
    )


def main(parts: "Parts | None" = None) -> None:
    """Run the command line. Every exception becomes one message and its exit code.

    Only the fault campaign gives `parts`.
    """
    # An orchestrator ends a job by SIGTERM, which must release the lock and remove staged rows.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        # Windows has no SIGHUP. A signal that nohup or the shell ignores stays ignored.
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    call = Call(parts=parts)
    try:
        sys.exit(cli.main(standalone_mode=False, obj=call) or 0)
    except click.ClickException as error:
        if wants_json_log():
            warn(error.format_message(), has_failed=True)
        else:
            with suppress(OSError):
                error.show()
        end(error.exit_code, error.format_message())
    except click.Abort as abort:
        # click makes an Abort of any EOFError; that of a question has no cause.
        if isinstance(abort.__cause__, EOFError):
            _fail(call, abort.__cause__)
        warn("Aborted. Nothing was changed.")
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - each one becomes an exit code
        _fail(call, error)


def _fail(call: Call, error: Exception) -> NoReturn:
    found = call.report(error)
    warn(f"Error: {found}", has_failed=True)
    end(found.exit_code, str(found))
