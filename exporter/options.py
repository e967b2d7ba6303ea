"""The options of the command line, and what they become."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from exporter.access import DEFAULT_API_URL
from exporter.config import GATE, DbtSettings, Form, Gate, Limits, Options, Staging, read_only
from exporter.errors import SettingsError
from exporter.marts import ENTITIES, MODES


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
daily_requests = click.option(
    "--daily-requests",
    default=Limits().daily_requests,
    show_default=True,
    envvar="METRICA_DAILY_REQUESTS",
    show_envvar=True,
    help="Requests that all runs of a day may make, of Metrica's 5,000.",
)
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
    daily_requests,
    click.option(
        "--staging-dir",
        type=_FOLDER,
        envvar="METRICA_STAGING_DIR",
        show_envvar=True,
        help="Where files are made before they go out.  [default: the system's]",
    ),
    click.option(
        "--memory-mb",
        default=Staging().memory_mb,
        show_default=True,
        envvar="METRICA_MEMORY_MB",
        show_envvar=True,
        help="Megabytes of rows to keep in memory; the rest goes to --staging-dir.",
    ),
)
form = _all(
    click.option(
        "--mode",
        type=click.Choice(list(MODES)),
        default=Form().mode,
        show_default=True,
        envvar="METRICA_MODE",
        show_envvar=True,
        help="detailed: contacts, then orders.  simple: the mart simple_orders alone.",
    ),
    click.option(
        "--merge-mode",
        "merge_modes",
        multiple=True,
        metavar="MART=MODE",
        envvar="METRICA_MERGE_MODE",
        show_envvar=True,
        help="SAVE: what a row leaves empty becomes empty.  UPDATE: it stays as it was.  "
        "APPEND: so too, and lists grow together.  [default: SAVE for each]",
    ),
    click.option(
        "--json-rows",
        default=Form().json_rows,
        show_default=True,
        envvar="METRICA_JSON_ROWS",
        show_envvar=True,
        help="Deltas of up to so many rows go as JSON (marts without custom attributes).",
    ),
    click.option(
        "--late-orders",
        type=click.Choice(["send", "hold"]),
        default="send",
        show_default=True,
        envvar="METRICA_LATE_ORDERS",
        show_envvar=True,
        help="What to do with orders past Metrica's window (21 days; 111 once sent).",
    ),
)
gate = _all(
    click.option(
        "--max-paid-percent",
        default=Gate().paid_percent,
        show_default=True,
        envvar="METRICA_MAX_PAID_PERCENT",
        show_envvar=True,
        help="Share of the open orders that may turn PAID in one run, from 10 orders on.",
    ),
    click.option(
        "--max-erased",
        default=Gate().erased_values,
        show_default=True,
        envvar="METRICA_MAX_ERASED",
        show_envvar=True,
        help="Values that may become empty in Metrica in one run.",
    ),
    click.option(
        "--max-shrink-percent",
        default=Gate().shrink_percent,
        show_default=True,
        envvar="METRICA_MAX_SHRINK_PERCENT",
        show_envvar=True,
        help="Share of a mart's rows that may be gone since the last run, from 10 rows on.",
    ),
    click.option(
        "--accept",
        metavar="WHAT,…",
        help=f"Let pass once what these limits stop: {', '.join(GATE)}.",
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
        names=read_only(given["only"], given["mode"]),
        everything=given["reconcile"],
        limits=limits,
        form=_form_of(given),
        gate=Gate(
            given["max_paid_percent"],
            given["max_erased"],
            given["max_shrink_percent"],
            frozenset(_words(given["accept"] or "")),
        ),
        staging=Staging(given["staging_dir"], given["memory_mb"]),
        saved_plan=given.get("saved_plan"),
    )


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _form_of(given: dict[str, Any]) -> Form:
    pairs = (text.partition("=") for each in given["merge_modes"] for text in _words(each))
    return Form(
        given["mode"],
        tuple((entity, merge_mode) for entity, _, merge_mode in pairs),
        given["json_rows"],
        hold_late=given["late_orders"] == "hold",
    )
