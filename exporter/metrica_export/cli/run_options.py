"""The options of `run` and `plan` only: their marts, limits of the gate, and monitoring."""

from pathlib import Path

import click

from metrica_export.cli.options import LOG_FORMAT, all_of, number
from metrica_export.cli.value_types import WordsType
from metrica_export.metrica.formats import CONTACTS
from metrica_export.settings import BECOME_PERCENT, GATE, SHARE_FROM, Gate

gate = all_of(
    number(
        "--max-paid-percent",
        Gate().paid_percent,
        "Percentage of the open orders that may turn PAID in one run. Ignored below "
        f"{SHARE_FROM} open orders.",
    ),
    number(
        "--max-erased", Gate().erased_values, "Values that may become empty in Metrica in one run."
    ),
    number(
        "--max-shrink-percent",
        Gate().shrink_percent,
        "Percentage of a mart's rows that may have left it since the last run. Ignored below "
        f"{SHARE_FROM} rows.",
    ),
    number(
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
scope = all_of(
    click.option(
        "--only",
        type=WordsType(),
        metavar="MART,…",
        envvar="METRICA_ONLY",
        show_envvar=True,
        help="Marts to export.  [default: all]",
    ),
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
monitoring = all_of(
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
