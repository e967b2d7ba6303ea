"""The options of the command line, and what they become."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from exporter.config import DEFAULT_API_URL, DbtSettings, Limits, Options, read_only
from exporter.errors import SettingsError
from exporter.marts import ENTITIES


def _all(*options: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        return functools.reduce(lambda made, option: option(made), reversed(options), command)

    return add


_FOLDER = click.Path(file_okay=False, path_type=Path)

counter = click.option(
    "--counter-id",
    "counter_id",
    type=click.IntRange(1, 2**63 - 1),
    envvar="METRICA_COUNTER_ID",
    required=True,
    show_envvar=True,
    help="The counter's number.",
)
api_url = click.option(
    "--api-url",
    envvar="METRICA_API_URL",
    default=DEFAULT_API_URL,
    show_default=True,
    show_envvar=True,
    help="Metrica's address, or an emulator's.",
)
warehouse = _all(
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
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
limits = _all(
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
        "--split-requests",
        default=Limits().split_requests,
        show_default=True,
        envvar="METRICA_SPLIT_REQUESTS",
        show_envvar=True,
        help="Uploads that a run may spend on finding the bad rows of refused files.",
    ),
    click.option(
        "--daily-requests",
        default=Limits().daily_requests,
        show_default=True,
        envvar="METRICA_DAILY_REQUESTS",
        show_envvar=True,
        help="Requests that all runs of a day may make, of Metrica's 5,000.",
    ),
    click.option(
        "--staging-dir",
        type=_FOLDER,
        envvar="METRICA_STAGING_DIR",
        show_envvar=True,
        help="Where files are made before they go out.  [default: the system's]",
    ),
)
scope = _all(
    click.option("--only", metavar="MART,…", help="Marts to export.  [default: all]"),
    click.option("--reconcile", is_flag=True, help="Compare every row, whatever the watermark."),
)
rows = _all(
    click.option(
        "--mart", type=click.Choice([e.name for e in ENTITIES]), help="One mart.  [default: all]"
    ),
    click.option("--id", "key", help="One row of that mart.  [default: all]"),
)


def check_rows(mart: str | None, key: str | None) -> None:
    """Refuse an id without the mart that it belongs to; SettingsError says so."""
    if key is not None and mart is None:
        raise SettingsError(f"--id {key!r} alone names no row: give --mart too.")


def dbt_of(given: dict[str, Any]) -> DbtSettings:
    """Return where dbt's project and profile are."""
    here = Path("dbt_project")
    return DbtSettings(
        project_dir=given["project_dir"] or (here if here.is_dir() else Path()),
        profiles_dir=given["profiles_dir"],
        profile=given["profile"],
        target=given["target"],
    )


def options_of(given: dict[str, Any]) -> Options:
    """Return what the options of `run` or `plan` ask for; SettingsError if it is not to be had."""
    names = ("chunk_rows", "chunk_bytes", "split_requests", "daily_requests")
    limits = Limits(**{name: given[name] for name in names})
    return Options(
        dbt=dbt_of(given),
        counter_id=given["counter_id"],
        names=read_only(given["only"]),
        everything=given["reconcile"],
        limits=limits,
        staging_dir=given["staging_dir"],
    )
