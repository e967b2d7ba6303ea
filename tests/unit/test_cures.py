"""The cures of reasons: a text in both languages for every reason."""

import re

import pytest
from metrica_export.checks.cures import cure_of, read_cures
from metrica_export.checks.reasons import REASONS
from metrica_export.report.languages.words import LANGUAGES
from metrica_export.report.page import _with_code


def test_cures_have_every_reason_in_every_language() -> None:
    assert set(read_cures()) == {*REASONS, "other"}
    assert {tuple(texts) for texts in read_cures().values()} == {LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_cures_are_full_sentences_of_their_language(language: str) -> None:
    for reason in read_cures():
        text = cure_of(reason, language)
        assert text.endswith("."), reason
        assert text[0].isupper(), reason
        assert bool(re.search("[\u0430-\u044f]", text)) == (language == "ru"), reason


def test_cures_name_the_same_code_in_every_language() -> None:
    for reason, texts in read_cures().items():
        codes = [set(re.findall("`(.+?)`", text)) for text in texts.values()]
        assert codes[0] == codes[1], reason


def test_cure_of_a_later_reason_is_to_upgrade() -> None:
    assert "upgrade" in cure_of("of_tomorrow")


def test_page_shows_code_of_a_cure_and_escapes_the_rest() -> None:
    assert _with_code("<b> `x < y` & z") == "&lt;b&gt; <code>x &lt; y</code> &amp; z"
