"""The options of the command line; `option_values` makes settings of them."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from metrica_export.cli.value_types import CounterType, PairsType, SizeType, WordsType
from metrica_export.metrica.access import DEFAULT_API_URL
from metrica_export.metrica.formats import ENTITIES, LINK_DAYS, MODES, UPDATE_DAYS
from metrica_export.settings import DAILY_QUOTA, Form, Limits, Staging

LOG_FORMAT = "METRICA_LOG_FORMAT"

CONFIG = "METRICA_CONFIG"

FILE = "metrica.yml"
"""The name of the settings file."""


def all_of(*options: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds several options, in their order."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        return functools.reduce(lambda made, option: option(made), reversed(options), command)

    return add


def number(
    flag: str,
    default: int,
    text: str,
    *,
    unit: int | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return an option with a whole number; with `unit`, its bytes, also a size such as 64MB."""
    name = flag.removeprefix("--").replace("-", "_").upper()
    return click.option(
        flag,
        type=SizeType(unit) if unit else int,
        default=default,
        show_default=True,
        envvar=f"METRICA_{name}",
        show_envvar=True,
        help=text,
    )


_FOLDER = click.Path(file_okay=False, path_type=Path)

_config = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar=CONFIG,
    show_envvar=True,
    expose_value=False,
    help=f"File with defaults of these options.  [default: {FILE} in the current folder, if any]",
)
counter = all_of(
    click.option(
        "--counter",
        "--counter-id",
        "counter_id",
        type=CounterType(),
        metavar="ID",
        envvar="METRICA_COUNTER_ID",
        required=True,
        show_envvar=True,
        help=f"Number of the counter, or its name in {FILE}.",
    ),
    _config,
)
api_url = click.option(
    "--api-url",
    envvar="METRICA_API_URL",
    default=DEFAULT_API_URL,
    show_default=True,
    show_envvar=True,
    help="Address of Metrica or of an emulator.",
)
warehouse = all_of(
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
    click.option(
        "--profile",
        envvar="DBT_PROFILE",
        show_envvar=True,
        help="Profile in profiles.yml.  [default: the project's]",
    ),
    click.option(
        "--target",
        envvar="DBT_TARGET",
        show_envvar=True,
        help="Target of the profile.  [default: the profile's]",
    ),
    click.option(
        "--ledger",
        metavar="TARGET",
        envvar="METRICA_LEDGER",
        show_envvar=True,
        help="Target of the profile with the ledger's database. Required for marts of Spark.  "
        "[default: the database of the marts]",
    ),
    click.option(
        "--filter",
        "filters",
        type=PairsType(separator="\n"),
        multiple=True,
        metavar="MART=CONDITION",
        envvar="METRICA_FILTER",
        show_envvar=True,
        help="SQL condition over a mart that selects this counter's rows, one for each mart.  "
        "[default: all rows]",
    ),
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
daily_requests = number(
    "--daily-requests",
    Limits().daily_requests,
    f"Requests that all runs of a day may make. Metrica allows {DAILY_QUOTA:,}.",
)
chunk_bytes = number(
    "--chunk-bytes",
    Limits().chunk_bytes,
    "Maximum size of one file, in bytes or with a unit: 64MB.",
    unit=1,
)
max_steps = number(
    "--max-steps",
    Limits().max_steps,
    "Statuses of one order that a run may send, one upload each. The next run continues.",
)
memory = number(
    "--memory-mb",
    Staging().memory_mb,
    "Rows to keep in memory, in megabytes or with a unit: 1GB. The rest is written to "
    "--staging-dir.",
    unit=10**6,
)
limits = all_of(
    number("--chunk-rows", Limits().chunk_rows, "Maximum rows in one file."),
    chunk_bytes,
    number(
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
    type=PairsType(),
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
form = all_of(
    mode,
    merge_mode,
    number(
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
lang = click.option(
    "--lang",
    type=click.Choice(["en", "ru"]),
    default="en",
    show_default=True,
    envvar="METRICA_LANG",
    show_envvar=True,
    help="Language of reasons, cures, the gate's messages, and the report.",
)
online = click.option(
    "--online-orders",
    "online",
    type=WordsType(),
    metavar="ATTRIBUTE=VALUE,…",
    envvar="METRICA_ONLINE_ORDERS",
    show_envvar=True,
    help="Orders that could have had a visit: values of a custom attribute of orders, for example "
    "channel=site,app. They are the denominator of the match keys.  [default: all orders]",
)
mart = click.option(
    "--mart", type=click.Choice([e.name for e in ENTITIES]), help="One mart.  [default: all]"
)
rows = all_of(
    mart,
    click.option("--id", "key", help="One row of that mart.  [default: all]"),
)
