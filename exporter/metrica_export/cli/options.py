"""The options of the command line; `option_values` makes settings of them."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from metrica_export.metrica.access import DEFAULT_API_URL
from metrica_export.metrica.formats import CONTACTS, ENTITIES, LINK_DAYS, MODES, UPDATE_DAYS
from metrica_export.settings import (
    BECOME_PERCENT,
    DAILY_QUOTA,
    GATE,
    SHARE_FROM,
    Form,
    Gate,
    Limits,
    Staging,
)

LOG_FORMAT = "METRICA_LOG_FORMAT"


def _all(*options: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        return functools.reduce(lambda made, option: option(made), reversed(options), command)

    return add


def _number(
    flag: str, default: int, text: str, default_text: str | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    name = flag.removeprefix("--").replace("-", "_").upper()
    return click.option(
        flag,
        default=default,
        show_default=default_text or True,
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
    help="Address of Metrica or of an emulator.",
)
warehouse = _all(
    click.option(
        "--project-dir",
        type=_FOLDER,
        envvar="DBT_PROJECT_DIR",
        show_envvar=True,
        help="Folder of the dbt project.  [default: dbt_project, or the current folder]",
    ),
    click.option(
        "--profiles-dir",
        type=_FOLDER,
        show_envvar=True,
        envvar="DBT_PROFILES_DIR",
        help="Folder of profiles.yml.  [default: the current folder, or ~/.dbt]",
    ),
    click.option("--profile", help="Profile in profiles.yml.  [default: the project's]"),
    click.option("--target", help="Target of the profile.  [default: the profile's]"),
    click.option(
        "--staging-dir",
        type=_FOLDER,
        envvar="METRICA_STAGING_DIR",
        show_envvar=True,
        help="Folder for staged rows; leftovers of killed commands in it are removed.  "
        "[default: the system's folder for temporary files]",
    ),
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
json_format = click.option("--json", "as_json", is_flag=True, help="Same as --format json.")
daily_requests = _number(
    "--daily-requests",
    Limits().daily_requests,
    f"Requests that all runs of a day may make. Metrica allows {DAILY_QUOTA:,}.",
)
chunk_bytes = _number("--chunk-bytes", Limits().chunk_bytes, "Maximum bytes of one file.")
max_steps = _number(
    "--max-steps",
    Limits().max_steps,
    "Statuses of one order that a run may send, one upload each. The next run continues.",
)
memory = _number(
    "--memory-mb",
    Staging().memory_mb,
    "Megabytes of rows to keep in memory. The rest is written to --staging-dir.",
    "an eighth of the machine's memory, 200 to 512",
)
limits = _all(
    _number("--chunk-rows", Limits().chunk_rows, "Maximum rows in one file."),
    chunk_bytes,
    _number(
        "--split-requests",
        Limits().split_requests,
        "Uploads that a run may use to find the bad rows of refused files.",
    ),
    max_steps,
    daily_requests,
    memory,
)
mode = click.option(
    "--mode",
    type=click.Choice(list(MODES)),
    default=Form().mode,
    show_default=True,
    envvar="METRICA_MODE",
    show_envvar=True,
    help="detailed: contacts, then orders.  simple: only the mart simple_orders.",
)
merge_mode = click.option(
    "--merge-mode",
    "merge_modes",
    multiple=True,
    metavar="MART=MODE",
    envvar="METRICA_MERGE_MODE",
    show_envvar=True,
    help="SAVE: empty values become empty in Metrica.  UPDATE keeps existing values.  "
    "APPEND also merges lists.  [default: SAVE for each mart]",
)
late_orders = click.option(
    "--late-orders",
    type=click.Choice(["send", "hold"]),
    default="send",
    show_default=True,
    envvar="METRICA_LATE_ORDERS",
    show_envvar=True,
    help=f"Send or hold orders past Metrica's window of {LINK_DAYS} days ({UPDATE_DAYS} days "
    "for delivered orders).",
)
form = _all(
    mode,
    merge_mode,
    _number(
        "--json-rows",
        Form().json_rows,
        "Send deltas of at most this many rows as JSON (marts without custom attributes).",
    ),
    late_orders,
)
show_values = click.option(
    "--show-values",
    is_flag=True,
    help="Print the cells to send, which may be personal data. Only standard output and the file "
    "of --output have them.",
)
gate = _all(
    _number(
        "--max-paid-percent",
        Gate().paid_percent,
        "Percentage of the open orders that may turn PAID in one run. Ignored below "
        f"{SHARE_FROM} open orders.",
    ),
    _number(
        "--max-erased", Gate().erased_values, "Values that may become empty in Metrica in one run."
    ),
    _number(
        "--max-shrink-percent",
        Gate().shrink_percent,
        "Percentage of a mart's rows that may have left it since the last run. Ignored below "
        f"{SHARE_FROM} rows.",
    ),
    _number(
        "--max-unsendable-percent",
        Gate().unsendable_percent,
        "Percentage of a mart's rows that may be rejected or held. Ignored below "
        f"{SHARE_FROM} rows. In one run {BECOME_PERCENT} % of the delivered rows may become "
        "rejected or held.",
    ),
    click.option(
        "--accept",
        metavar="LIMIT,…",
        help=f"Proceed once above these limits: {', '.join(GATE)}.",
    ),
)
fail_on = click.option(
    "--fail-on",
    metavar="never|new|any|PERCENT",
    default="never",
    show_default=True,
    envvar="METRICA_FAIL_ON",
    show_envvar=True,
    help="Rejected and held rows that end a finished run with exit code 1: none; rows that became "
    "rejected or held since the last complete run; any; or more than this percentage of the "
    "marts' rows.",
)
scope = _all(
    click.option("--only", metavar="MART,…", help="Marts to export.  [default: all]"),
    click.option(
        "--reconcile", is_flag=True, help="Compare every row, not only those after the watermark."
    ),
    click.option(
        "--erase-vanished",
        type=click.Choice([CONTACTS.name]),
        help="Empty, once, the delivered rows in Metrica that are no longer in this mart.",
    ),
    click.option(
        "--limit",
        type=click.IntRange(min=1),
        help="Send at most this many orders, of every status, with their contacts. The next run "
        "sends the others.  [default: all]",
    ),
)
monitoring = _all(
    click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        envvar=LOG_FORMAT,
        show_envvar=True,
        help="json: one object a line on standard error, with run, mart, upload and counts.",
    ),
    click.option(
        "--metrics-file",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="METRICA_METRICS_FILE",
        show_envvar=True,
        help="Write metrics for Prometheus to this file at the end, also after an error.",
    ),
)
mart = click.option(
    "--mart", type=click.Choice([e.name for e in ENTITIES]), help="One mart.  [default: all]"
)
rows = _all(
    mart,
    click.option("--id", "key", help="One row of that mart.  [default: all]"),
)
