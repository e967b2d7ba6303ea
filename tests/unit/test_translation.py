"""The Russian pages have the structure of the English ones. Their glossary holds for the prose."""

import re
from pathlib import Path

import pytest
from metrica_export.checks.cures import read_cures

from tests.doc_page import README, RUSSIAN_DOCS, Page, Section, copy_code, russian, translated
from tests.language import ROOT

GLOSSARY = RUSSIAN_DOCS / "glossary.md"
RUSSIAN_PAGES = [russian(README), *sorted(RUSSIAN_DOCS.rglob("*.md"))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(params=translated(), ids=name_of)
def pair(request: pytest.FixtureRequest) -> tuple[Page, Page]:
    """Return a page in English and in Russian."""
    return Page(request.param), Page(russian(request.param))


def sections(pair: tuple[Page, Page]) -> list[tuple[Section, Section]]:
    """Return the sections of both pages side by side; other tests compare their number."""
    return list(zip(pair[0].sections, pair[1].sections, strict=False))


def test_translation_has_every_page_and_no_other() -> None:
    assert set(RUSSIAN_PAGES) - {GLOSSARY} == set(map(russian, translated()))


def test_translation_and_original_link_to_each_other(pair: tuple[Page, Page]) -> None:
    original, translation = pair
    assert original.switch() == translation.path
    assert translation.switch() == original.path


def test_translation_has_the_same_headings(pair: tuple[Page, Page]) -> None:
    original, translation = ([section.level for section in page.sections] for page in pair)
    assert translation == original


def test_translation_has_the_same_code_blocks(pair: tuple[Page, Page]) -> None:
    for original, translation in sections(pair):
        assert translation.code_blocks() == original.code_blocks(), original.heading


def test_translation_has_the_same_tables_and_lists(pair: tuple[Page, Page]) -> None:
    for original, translation in sections(pair):
        assert translation.tables() == original.tables(), original.heading
        assert translation.list_lengths() == original.list_lengths(), original.heading


def test_translation_has_the_same_names_in_code(pair: tuple[Page, Page]) -> None:
    for original, translation in sections(pair):
        assert translation.names() == original.names(), original.heading


def test_translation_has_the_same_numbers(pair: tuple[Page, Page]) -> None:
    for original, translation in sections(pair):
        assert translation.numbers() == original.numbers(), original.heading


def test_translation_has_the_same_links(pair: tuple[Page, Page]) -> None:
    english, russian_page = pair
    for original, translation in sections(pair):
        assert russian_page.links(translation) == english.links(original), original.heading


def test_translation_has_the_same_images(pair: tuple[Page, Page]) -> None:
    assert pair[1].images() == pair[0].images()


def test_translation_takes_changed_code_and_keeps_its_comments() -> None:
    original = "# A\n```sh\n# Start.\nrun --new  # all\n# Look.\nplan\n```\n"
    translation = "# Б\n```sh\n# Пуск.\nrun  # всё\n# Взгляд.\nplan\n```\n"
    expected = "# Б\n```sh\n# Пуск.\nrun --new  # all\n# Взгляд.\nplan\n```\n"
    assert copy_code(original, translation) == expected


def test_translation_of_the_runbook_has_the_russian_cures() -> None:
    page = russian(ROOT / "docs/how-to/runbook.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (?!\d)[^|]+ \| [^|]+ \| (.+) \|$", page, re.MULTILINE)
    assert dict(rows) == {
        reason: cures["ru"] for reason, cures in read_cures().items() if reason != "other"
    }


def discouraged() -> dict[str, str]:
    """Return Russian word stem to avoid → term to use, from the glossary."""
    rows = re.findall(r"^\| .+ \| (.+) \| (.+) \|$", GLOSSARY.read_text("utf-8"), re.MULTILINE)
    return {stem: term for term, stems in rows for stem in re.findall(r"«(.+?)»", stems)}


@pytest.mark.parametrize(
    "page",
    [
        *(page for page in RUSSIAN_PAGES if page != GLOSSARY),
        # The program's own Russian texts.
        *sorted((ROOT / "exporter").rglob("*.toml")),
    ],
    ids=name_of,
)
def test_translation_uses_the_terms_of_the_glossary(page: Path) -> None:
    assert len(discouraged()) > 10
    text = page.read_text("utf-8").lower()
    found = {stem: term for stem, term in discouraged().items() if re.search(rf"\b{stem}", text)}
    assert found == {}
