"""The command `report`: one HTML page, or its figures as JSON."""

from pathlib import Path
from typing import Any

import click

from metrica_export.cli import option_values, options
from metrica_export.cli.ending import printing
from metrica_export.cli.settings_file import ConfiguredCommand
from metrica_export.errors import SettingsError
from metrica_export.metrica.redaction import json_line


@click.command(cls=ConfiguredCommand)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("report.html"),
    show_default=True,
    help="The HTML file to write.",
)
@options.lang
@options.online
@click.option(
    "--json", "as_json", is_flag=True, help="Print the figures as JSON; write no HTML file."
)
@options.counter
@options.warehouse
def report(
    *, output: Path, lang: str, online: str | None, as_json: bool, counter_id: int, **given: Any
) -> None:
    """Write one HTML page about deliveries, reasons, deadlines, revenue and match rates.

    The figures come from the ledger and the marts; Metrica is not asked. The page needs the extra
    `report`: `pip install 'metrica-crm-export[report]'`. --json works without it.
    """
    from metrica_export.commands import report
    from metrica_export.report.figures_json import as_json as figures
    from metrica_export.report.online import OnlineOrders

    dbt = option_values.dbt_of(given)
    wanted = OnlineOrders.parse(online) if online else None
    if as_json:
        found = report.read(dbt, counter_id, wanted)
        with printing():
            click.echo(json_line(figures(found)))
        return
    page = report.page(dbt, counter_id, wanted, lang)
    try:
        output.write_text(page, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"Cannot write {output} ({error.strerror}). Set --output to a file that can be written."
        ) from None
    with printing():
        click.echo(f"The report is in {output}.")


COMMANDS: dict[str, click.Command] = {"report": report}
