"""README and docs say what is true of the program, and lead to pages and files that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from metrica_export import errors
from metrica_export.checks.cures import read_cures
from metrica_export.checks.reasons import REASONS
from metrica_export.cli.main import cli
from metrica_export.errors import ExportError
from metrica_export.metrica import http
from metrica_export.warehouse.dbt_package import LINK

from tests import help_page, measure_page, staging_page
from tests.doc_page import RUSSIAN_DOCS
from tests.doc_texts import python_texts, sql_comments

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
RUNBOOK = DOCS / "how-to" / "runbook.md"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
README_LINES = 150

# Where a path in backticks may begin.
PACKAGE = ROOT / "exporter/metrica_export"
OF_A_TEAM = PACKAGE / "project_templates/generic"
BASES = (ROOT, ROOT / "exporter", PACKAGE, DOCS, OF_A_TEAM)
CODE_BLOCK = re.compile(r"```.*?```", re.DOTALL)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def rows_of(page: Path) -> Iterator[list[str]]:
    """Yield the cells of every row of the page's tables."""
    for line in text_of(page).splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def test_readme_has_at_most_150_lines() -> None:
    assert len(text_of(README).splitlines()) <= README_LINES


def test_readme_links_to_every_page_of_the_docs() -> None:
    missing = [
        name_of(page)
        for page in DOCS.rglob("*")
        if page.suffix in {".md", ".json"}
        # README.ru.md links to these pages, as test_translation.py compares.
        and RUSSIAN_DOCS not in page.parents
        and f"({name_of(page)})" not in text_of(README)
    ]
    assert missing == []


def test_readme_names_every_command() -> None:
    for words in help_page.commands(cli):
        assert " ".join(("metrica-export", *words)) in text_of(README)


def test_commands_page_is_the_programs_own_help() -> None:
    assert help_page.BLOCK.read() == help_page.help_texts(), "run `python -m tests.help_page`"


def test_architecture_lists_the_staging_tables() -> None:
    assert staging_page.BLOCK.read() == staging_page.staging_table(), (
        "run `python -m tests.staging_page`"
    )


def test_measure_page_shows_the_present_output() -> None:
    assert measure_page.BLOCK.read() == measure_page.shown(), "run `python -m tests.measure_page`"


def exit_codes() -> dict[str, str]:
    """Return exit code → first word of its meaning, from the help of the program."""
    return dict(re.findall(r"^    (\d+)  (\w+)", help_page.help_texts(), re.MULTILINE))


def test_help_lists_the_exit_code_of_every_error() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {str(kind.exit_code) for kind in kinds if issubclass(kind, ExportError)}
    # Exit codes 0 and 1 belong to runs that finished.
    assert set(exit_codes()) == codes | {"0", "1"}


def test_runbook_explains_every_exit_code() -> None:
    rows = {
        cells[0]: cells[1:]
        for cells in rows_of(RUNBOOK)
        if len(cells) == 3 and cells[0].isdecimal()
    }
    assert {code: meaning.split()[0].strip(";,") for code, (meaning, _) in rows.items()} == (
        exit_codes()
    )
    assert all(cure for _, cure in rows.values())


def test_runbook_explains_every_reason_with_its_cure() -> None:
    rows = {cells[0].strip("`"): cells for cells in rows_of(RUNBOOK) if len(cells) == 4}
    rows.pop("reason")
    rows = {code: cells for code, cells in rows.items() if not set(code) <= {"-", "|"}}
    assert set(rows) == set(REASONS)
    for code, (_, state, meaning, cure) in rows.items():
        assert state in {"rejected", "held", "pending"}, code
        assert meaning, code
        assert cure == read_cures()[code]["en"], code


def test_reasons_are_full_sentences() -> None:
    assert all(text.endswith(".") for text in REASONS.values())


def test_retry_table_is_that_of_the_code() -> None:
    table = [line for line in (http.__doc__ or "").splitlines() if line.startswith("|")]
    assert len(table) == 6
    assert "\n".join(table) in text_of(DOCS / "reference" / "requests-and-quotas.md")


def test_guarantees_name_tests_that_exist() -> None:
    page = text_of(DOCS / "explanation" / "guarantees.md")
    rows = re.findall(r"^\| .* \| (.*`tests/.*) \|$", page, re.MULTILINE)
    assert len(rows) > 10
    for row in rows:
        for path in re.findall(r"`(.+?)`", row):
            assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_heading(page: Path) -> None:
    text = CODE_BLOCK.sub("", text_of(page))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found), target


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", CODE_BLOCK.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_in_the_text_exists(page: Path) -> None:
    text = CODE_BLOCK.sub("", text_of(page))
    for path in re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", text):
        if "/" not in path.strip("/") and path.endswith("/"):
            continue
        assert any((base / path).exists() for base in BASES) or path == str(LINK), path


def sources() -> dict[str, str]:
    """Return last part of a page's address → title, from the table of sources."""
    page = DOCS / "reference" / "sources.md"
    return {
        cells[0].strip("`"): cells[1].partition("](")[0].strip("[*")
        for cells in rows_of(page)
        if cells[0].startswith("`")
    }


def code_texts() -> Iterator[tuple[Path, str]]:
    """Yield the docstrings and comments of the product's Python and SQL files."""
    for path in sorted((ROOT / "exporter").rglob("*")):
        texts = python_texts(path) if path.suffix == ".py" else ()
        texts = sql_comments(path) if path.suffix == ".sql" else texts
        for text in texts:
            yield path, text


TITLES = re.compile(r'\bpages? ("[^"]+"(?:(?:,| and) "[^"]+")*)')


def test_code_names_sources_by_titles_in_the_table() -> None:
    used = {
        title: path
        for path, text in code_texts()
        for titles in TITLES.findall(text)
        for title in re.findall(r'"([^"]+)"', titles)
    }
    assert len(used) > 10
    unknown = {t: str(path) for t, path in used.items() if t not in sources().values()}
    assert unknown == {}


def test_code_names_no_source_by_its_address() -> None:
    slugs = "|".join(
        re.escape(name) for name in sources() if not name.isalpha() or not name.islower()
    )
    found = [
        (str(path), slug)
        for path, text in code_texts()
        for slug in re.findall(rf"\b(?:{slugs})\b", text)
    ]
    assert found == []
