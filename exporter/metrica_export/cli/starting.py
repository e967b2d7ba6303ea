"""The commands `init` and `link`, which make a dbt project of a team's own."""

from pathlib import Path

import click

from metrica_export.cli.ending import printing
from metrica_export.cli.options import FILE

CRMS = ("bitrix24", "amocrm", "retailcrm", "hubspot", "generic")
_FOLDER = click.Path(file_okay=False, path_type=Path)
_VARIABLES = {
    "postgres": "Set PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE in the environment. ",
    "duckdb": "The warehouse is warehouse.duckdb, or the file in METRICA_DUCKDB_PATH. ",
}
_TO_EDIT = {
    "generic": "Correct the views in models/crm, the statuses in seeds and the counter's time zone",
}
_SCHEMA = "Correct the CRM's schema and the counter's time zone"


@click.command()
@click.option(
    "--crm",
    type=click.Choice(CRMS),
    default="generic",
    show_default=True,
    help="The CRM. generic: views and a status map to fill in; the others are mapped already.",
)
@click.option(
    "--warehouse",
    type=click.Choice(tuple(_VARIABLES)),
    default="postgres",
    show_default=True,
    help="The warehouse of profiles.yml.",
)
@click.argument("folder", type=_FOLDER, default=Path())
def init(*, folder: Path, crm: str, warehouse: str) -> None:
    """Write a small dbt project that uses the installed models into FOLDER.

    Without FOLDER it is the current folder. No file is overwritten.
    """
    from metrica_export.commands.init import write_project

    files = write_project(folder, crm, warehouse)
    with printing():
        click.echo(f"Wrote {', '.join(map(str, files))}.")
        click.echo(
            f"\n{_VARIABLES[warehouse]}{_TO_EDIT.get(crm, _SCHEMA)} in "
            f"dbt_project.yml, and `counter` in {FILE}. Then run"
            + (f", in {folder}:" if folder != Path() else ":")
        )
        click.echo("  dbt deps\n  dbt build\n  metrica-export plan")
        click.echo(
            "\nTo send the data, set METRICA_TOKEN in the environment and run "
            "`metrica-export run`. To rehearse, see `metrica-export emulator --help`."
        )


@click.command()
@click.argument("folder", type=_FOLDER, default=Path())
def link(*, folder: Path) -> None:
    """Link the installed dbt models into a project, as its packages.yml names them.

    Run it in a new clone of a project that `init` wrote, and in a new Python environment. Without
    FOLDER it is the project in the current folder.
    """
    from metrica_export.warehouse.dbt_package import PACKAGE, link_package
    from metrica_export.warehouse.dbt_profile import read_project

    read_project(folder)
    link_package(folder)
    with printing():
        click.echo(PACKAGE)


COMMANDS: dict[str, click.Command] = {"init": init, "link": link}
