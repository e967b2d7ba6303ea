"""The figures that the documentation states are those of the code.

The help takes its figures from the constants, and `test_docs` compares its page with it.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from metrica_emulator.quotas import Limits as Quotas
from metrica_export.metrica.formats import (
    LINK_DAYS,
    MAX_AMOUNT,
    MAX_CATALOGUE,
    MAX_FILE_BYTES,
    MAX_HUMANIZED,
    MAX_ID,
    MAX_VALUES,
    UPDATE_DAYS,
    Kind,
)
from metrica_export.metrica.http import REQUESTS_A_SECOND
from metrica_export.metrica.patience import ATTEMPTS, RETRY_SECONDS
from metrica_export.settings import (
    BECOME_PERCENT,
    DAILY_QUOTA,
    SHARE_FROM,
    Gate,
    Limits,
)

from tests.support.postgres_binaries import OLDEST_VERSION

ROOT = Path(__file__).parents[2]
LIMITS, GATE, QUOTAS = Limits(), Gate(), Quotas()
PAGES = ("README.md", *sorted(str(page.relative_to(ROOT)) for page in ROOT.glob("docs/**/*.md")))
DAILY = LIMITS.daily_requests
DBT_PROJECT = yaml.safe_load((ROOT / "dbt_project/dbt_project.yml").read_text(encoding="utf-8"))
DBT_VARS = DBT_PROJECT["vars"]

SENTENCES = {
    "README.md": (f"The warehouse is PostgreSQL {OLDEST_VERSION}+, DuckDB, or Spark with Iceberg",),
    "docs/how-to/review-changes.md": (
        f"| open orders that turn PAID in one run | {GATE.paid_percent} % of the open orders |",
        f"| values that become empty | {GATE.erased_values:,} |",
        f"| rows that a mart has lost since the last run | {GATE.shrink_percent} % of the mart |",
        f"| {GATE.unsendable_percent} % of the mart | `--accept unsendable`;",
        f"| {BECOME_PERCENT} % of them | `--accept unsendable` |",
        f"the delivered rows) is {SHARE_FROM} or more",
    ),
    "docs/reference/requests-and-quotas.md": (
        f"one after another, at most {REQUESTS_A_SECOND} a second",
        f"`--daily-requests` ({DAILY:,} of Metrica's {DAILY_QUOTA:,})",
        f"{DAILY_QUOTA:,} requests a day for a counter",
        f"at most {QUOTAS.requests_per_second} a second and {QUOTAS.parallel} at once",
        f"`--split-requests` ({LIMITS.split_requests})",
        f"tried at most {ATTEMPTS} times within {RETRY_SECONDS // 60} minutes",
    ),
    "docs/how-to/run-on-a-schedule.md": (f"(`--max-steps`, {LIMITS.max_steps};",),
    "docs/how-to/runbook.md": (
        f"after {LINK_DAYS} days and updates none after {UPDATE_DAYS}",
        f"above {MAX_AMOUNT:,}",
        f"more than {MAX_HUMANIZED:,} characters",
        f"longer than {MAX_ID} characters",
        f"is not 1 to {MAX_ID} of A-Z",
        f"{MAX_VALUES[Kind.CLIENT_IDS]} ClientIDs, {MAX_VALUES[Kind.EMAILS]} other identifiers",
        f"other identifiers or {MAX_VALUES[Kind.GOALS]} goals",
    ),
    "docs/reference/crm-tables.md": (
        f"more than {MAX_VALUES[Kind.CLIENT_IDS]} client ids, {MAX_VALUES[Kind.EMAILS]} e-mails",
        f"{MAX_VALUES[Kind.PHONES]} phones of one contact",
    ),
    "docs/how-to/build-incrementally.md": (
        f"`incremental_lookback` (`{DBT_VARS['incremental_lookback']}`)",
    ),
    "docs/reference/capabilities.md": (
        f"| windows of {LINK_DAYS} and {UPDATE_DAYS} days |",
        f"{MAX_CATALOGUE:,} items a request",
        f"visit of the last {LINK_DAYS} days, and updates an order for {UPDATE_DAYS} days",
        f"{DAILY_QUOTA:,} requests a day for a counter",
        f"at most {QUOTAS.requests_per_second} a second and {QUOTAS.parallel} at once",
        f"another, at most {REQUESTS_A_SECOND} a second",
    ),
    "docs/reference/conformance.md": (
        f"{QUOTAS.requests_per_second} a second, {QUOTAS.parallel} at once, {DAILY_QUOTA:,} a day",
        f"| {REQUESTS_A_SECOND} a second, one at a time, {DAILY:,} a day;",
        f"up to {MAX_FILE_BYTES // 10**9} GB | 10^{len(str(MAX_FILE_BYTES)) - 1} bytes at most",
        f"| products, up to {MAX_CATALOGUE:,} a request |",
        f"closest visit, within {LINK_DAYS} days",
        f"is updated for {UPDATE_DAYS} days from its visit",
        f"| {LINK_DAYS} and {UPDATE_DAYS} days are counted",
        f"an update after {UPDATE_DAYS} days",
    ),
    "docs/explanation/growth.md": (
        f"{DAILY:,} of the {DAILY_QUOTA:,} requests of a day",
        f"{DAILY * LIMITS.chunk_rows // 10**6} million rows in files of {LIMITS.chunk_rows:,}",
        f"{10**6 // LIMITS.chunk_rows} requests of `--chunk-rows` {LIMITS.chunk_rows:,}",
        f"files up to Metrica's {MAX_FILE_BYTES // 10**9} GB",
    ),
}
"""Page → the sentences on it that state a setting or a limit, made of the constants."""

WORDS = {
    r"(\d+) a second": {REQUESTS_A_SECOND, QUOTAS.requests_per_second},
    r"(\d+) at once": {QUOTAS.parallel},
    r"([\d,]+) (?:requests )?a day": {DAILY_QUOTA, DAILY},
    r"([\d,]+) of (?:Metrica's|the) [\d,]+": {DAILY},
    r"of (?:Metrica's|the) ([\d,]+)": {DAILY_QUOTA},
    r"([\d,]+) (?:items )?a request": {MAX_CATALOGUE},
    r"(?<!`)\b(\d+) (?:and \d+ )?days": {LINK_DAYS, UPDATE_DAYS},
    r"and (\d+) days": {UPDATE_DAYS},
    r"rows\) is (\d+) or more": {SHARE_FROM},
    r"Metrica's (\d+) GB": {MAX_FILE_BYTES // 10**9},
    r"`--chunk-rows` ([\d,]+)": {LIMITS.chunk_rows},
    r"`--daily-requests` \(([\d,]+)": {DAILY},
}
"""Ways to state a limit → what it may be, wherever it stands."""


def text_of(page: str) -> str:
    """Return a page on one line, without code, in which examples are."""
    text = (ROOT / page).read_text(encoding="utf-8")
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return " ".join(text.split())


def sentences() -> Iterator[tuple[str, str]]:
    for page, stated in SENTENCES.items():
        for sentence in stated:
            yield page, sentence


@pytest.mark.parametrize(("page", "sentence"), list(sentences()))
def test_page_states_the_figure_of_the_code(page: str, sentence: str) -> None:
    assert sentence in text_of(page)


@pytest.mark.parametrize("way", WORDS)
def test_no_page_states_another_figure(way: str) -> None:
    found = {
        (page, int(figure.replace(",", "")))
        for page in PAGES
        for figure in re.findall(way, text_of(page))
    }
    assert found, "no page states it in this way any more"
    assert {figure for _, figure in found} <= WORDS[way], found


def test_pace_and_share_of_the_day_are_below_the_quotas() -> None:
    assert QUOTAS.requests_per_second > REQUESTS_A_SECOND
    assert DAILY < DAILY_QUOTA
    assert DAILY_QUOTA == QUOTAS.requests_per_day_user == QUOTAS.requests_per_day_counter
    assert QUOTAS.max_file_bytes == MAX_FILE_BYTES


def test_dbt_models_keep_as_many_identifiers_as_metrica_accepts() -> None:
    text = (ROOT / "dbt_project/macros/left_out.sql").read_text(encoding="utf-8")
    client_ids, others = MAX_VALUES[Kind.CLIENT_IDS], MAX_VALUES[Kind.EMAILS]
    assert others == MAX_VALUES[Kind.PHONES]
    assert f"'client_id' then {client_ids} else {others} end" in text


def test_readme_names_the_python_that_the_package_requires() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=")
    assert re.findall(r"Python ([\d.]+)\+", text_of("README.md")) == [oldest]
