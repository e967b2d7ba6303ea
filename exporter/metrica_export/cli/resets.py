"""The commands `retry` and `reset`, which change the next run."""

from typing import Any

import click

from metrica_export.cli import option_values, options
from metrica_export.cli.ending import printing
from metrica_export.cli.settings_file import ConfiguredCommand
from metrica_export.plurals import counted


@click.command(cls=ConfiguredCommand)
@options.rows
@options.counter
@options.warehouse
def retry(*, mart: str | None, key: str | None, counter_id: int, **given: Any) -> None:
    """Release rows that Metrica refused, so that the next run sends them again."""
    from metrica_export.commands import reset

    option_values.check_rows(mart, key)
    rows = reset.retry(option_values.dbt_of(given), counter_id, mart, key)
    with printing():
        click.echo(f"The next run sends {counted(rows, 'refused row')} again.")


@click.command(cls=ConfiguredCommand)
@options.rows
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.counter
@options.warehouse
def reset(*, mart: str | None, key: str | None, yes: bool, counter_id: int, **given: Any) -> None:
    """Forget deliveries, so that the next run sends the rows again."""
    from metrica_export.commands import reset

    option_values.check_rows(mart, key)
    dbt = option_values.dbt_of(given)
    counts = reset.count_sent(dbt, counter_id, mart, key)
    if not any(counts.values()):
        with printing():
            click.echo("No such row was delivered: there is nothing to forget.")
        return
    with printing():
        for name, rows in counts.items():
            click.echo(f"{name}: {counted(rows, 'row')} would be sent again")
        click.echo(
            "Metrica merges equal states, so sending again changes nothing there; it costs "
            "requests."
        )
    if yes or click.confirm(f"Forget them for counter {counter_id}?", abort=True):
        reset.reset(dbt, counter_id, mart, key)
        with printing():
            click.echo("Forgotten.")


COMMANDS: dict[str, click.Command] = {"reset": reset, "retry": retry}
