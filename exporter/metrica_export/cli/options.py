"""The options of the command line, and what they become."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from metrica_export.errors import SettingsError
from metrica_export.metrica.access import DEFAULT_API_URL
from metrica_export.metrica.formats import CONTACTS, ENTITIES, LINK_DAYS, MODES, UPDATE_DAYS
from metrica_export.settings import (
    BECOME_PERCENT,
    DAILY_QUOTA,
    GATE,
    SHARE_FROM,
    DbtSettings,
    FailOn,
    Form,
    Gate,
    Limits,
    Options,
    Staging,
    read_only,
)


def _all(*options: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        return functools.reduce(lambda made, option: option(made), reversed(options), command)

    return add


def _number(
    flag: str, default: int, text: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    name = flag.removeprefix("--").replace("-", "_").upper()
    return click.option(
        flag,
        default=default,
        show_default=True,
        envvar=f"METRICA_{name}",
        show_envvar=True,
        help=text,
    )


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
    click.option(
        "--staging-dir",
        type=_FOLDER,
        envvar="METRICA_STAGING_DIR",
        show_envvar=True,
        help="Where rows are staged, and leftovers of killed commands removed.  "
        "[default: the system's]",
    ),
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
daily_requests = _number(
    "--daily-requests",
    Limits().daily_requests,
    f"Requests that all runs of a day may make, of Metrica's {DAILY_QUOTA:,}.",
)
limits = _all(
    _number("--chunk-rows", Limits().chunk_rows, "Rows in one file at most."),
    _number("--chunk-bytes", Limits().chunk_bytes, "Bytes of one file at most."),
    _number(
        "--split-requests",
        Limits().split_requests,
        "Uploads that a run may spend on finding the bad rows of refused files.",
    ),
    _number(
        "--max-steps",
        Limits().max_steps,
        "Statuses of one order that a run may send, one upload each; the next run goes on.",
    ),
    daily_requests,
    _number(
        "--memory-mb",
        Staging().memory_mb,
        "Megabytes of rows to keep in memory; the rest goes to --staging-dir.",
    ),
)
mode = click.option(
    "--mode",
    type=click.Choice(list(MODES)),
    default=Form().mode,
    show_default=True,
    envvar="METRICA_MODE",
    show_envvar=True,
    help="detailed: contacts, then orders.  simple: the mart simple_orders alone.",
)
form = _all(
    mode,
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
    _number(
        "--json-rows",
        Form().json_rows,
        "Deltas of up to so many rows go as JSON (marts without custom attributes).",
    ),
    click.option(
        "--late-orders",
        type=click.Choice(["send", "hold"]),
        default="send",
        show_default=True,
        envvar="METRICA_LATE_ORDERS",
        show_envvar=True,
        help=f"What to do with orders past Metrica's window ({LINK_DAYS} days; {UPDATE_DAYS} once "
        "sent).",
    ),
)
gate = _all(
    _number(
        "--max-paid-percent",
        Gate().paid_percent,
        "Share of the open orders that may turn PAID in one run, "
        f"from {SHARE_FROM} open orders on.",
    ),
    _number(
        "--max-erased", Gate().erased_values, "Values that may become empty in Metrica in one run."
    ),
    _number(
        "--max-shrink-percent",
        Gate().shrink_percent,
        f"Share of a mart's rows that may be gone since the last run, from {SHARE_FROM} rows on.",
    ),
    _number(
        "--max-unsendable-percent",
        Gate().unsendable_percent,
        f"Share of a mart's rows that may be rejected or held, from {SHARE_FROM} rows on. Of the "
        f"rows delivered before, {BECOME_PERCENT} % may become so in one run.",
    ),
    click.option(
        "--accept",
        metavar="WHAT,…",
        help=f"Let pass once what these limits stop: {', '.join(GATE)}.",
    ),
)
fail_on = click.option(
    "--fail-on",
    metavar="never|new|any|PERCENT",
    default="never",
    show_default=True,
    envvar="METRICA_FAIL_ON",
    show_envvar=True,
    help="Rejected and held rows that let a finished run end with exit code 1: none, rows that "
    "were neither after the last complete run, any, or more than a share of the marts' rows.",
)
scope = _all(
    click.option("--only", metavar="MART,…", help="Marts to export.  [default: all]"),
    click.option("--reconcile", is_flag=True, help="Compare every row, whatever the watermark."),
    click.option(
        "--erase-vanished",
        type=click.Choice([CONTACTS.name]),
        help="Empty in Metrica, once, what was delivered and is no longer in this mart.",
    ),
)
mart = click.option(
    "--mart", type=click.Choice([e.name for e in ENTITIES]), help="One mart.  [default: all]"
)
rows = _all(
    mart,
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
        staging_dir=given["staging_dir"],
    )


def options_of(given: dict[str, Any]) -> Options:
    """Return what the options of `run` or `plan` ask for; SettingsError if it is not to be had."""
    names = ("chunk_rows", "chunk_bytes", "split_requests", "daily_requests", "max_steps")
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
            given["max_unsendable_percent"],
        ),
        staging=Staging(given["staging_dir"], given["memory_mb"]),
        saved_plan=given.get("saved_plan"),
        fail_on=FailOn.parse(given["fail_on"]),
        erase_vanished=given["erase_vanished"],
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
