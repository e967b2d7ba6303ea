"""Documentation, docstrings and messages are in plain English.

`python -m tests.language` lists every place to rewrite, by file and line.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests import language
from tests.doc_texts import Prose, docstrings

WHATS_IN_DOCSTRINGS = 1.5
"""Most "what" per 1,000 words of docstrings."""

WHATS_IN_DOCS = 1.5
"""Most "what" per 1,000 words of the documentation."""

WORST = 20


def listed(places: Iterable[language.Place]) -> str:
    """Return the places as a hint list, those in the files with most of them first."""
    found = list(places)
    counts = Counter(place.path for place in found)
    found.sort(key=lambda place: (-counts[place.path], place))
    shown = "\n".join(map(str, found[:WORST]))
    return f"{len(found)} places; the worst files first:\n{shown}"


def test_docstrings_name_things_by_nouns() -> None:
    texts = [(path, prose) for path in language.code() for prose in docstrings(path)]
    places = [place for path, prose in texts for place in language.whats(path, prose)]
    rate = language.what_rate(len(places), (prose.text for _, prose in texts))
    assert rate <= WHATS_IN_DOCSTRINGS, f"{rate:.1f} per 1,000 words\n{listed(places)}"


def test_docs_name_things_by_nouns() -> None:
    texts = {path: language.page_prose(path) for path in language.pages()}
    places = [place for path, prose in texts.items() for place in language.whats(path, prose)]
    rate = language.what_rate(len(places), (prose.text for prose in texts.values()))
    assert rate <= WHATS_IN_DOCS, f"{rate:.1f} per 1,000 words\n{listed(places)}"


@pytest.mark.parametrize("page", language.pages(), ids=lambda page: page.name)
def test_docs_use_no_forbidden_word(page: Path) -> None:
    places = list(language.forbidden(page, language.page_prose(page)))
    assert places == [], listed(places)


def test_code_uses_no_forbidden_word() -> None:
    places = [
        place
        for path in language.code()
        for prose in language.code_prose(path)
        for place in language.forbidden(path, prose)
    ]
    assert places == [], listed(places)


def test_dbt_project_uses_no_forbidden_word() -> None:
    places = [
        place for path, prose in language.dbt_prose() for place in language.forbidden(path, prose)
    ]
    assert places == [], listed(places)


def test_language_finds_a_missing_noun_and_a_forbidden_word() -> None:
    path = language.ROOT / "example.py"
    prose = Prose(7, "Return what closes\nfirst; `what` in code does not count.\nIt shall end.")
    assert [place.line for place in language.whats(path, prose)] == [7]
    [place] = language.forbidden(path, prose)
    assert str(place).startswith("example.py:9: ")
