"""The catalogues of the report: both languages have the same texts, and a text for every code."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from string import Formatter
from typing import Any

import pytest
from metrica_export.checks.reasons import REASONS
from metrica_export.metrica.formats import ENTITIES, STATUS_TYPES
from metrica_export.report.languages.words import LANGUAGES, Words, read_catalogue
from metrica_export.report.light import Cause, Colour

PLURALS = {"en": {"one", "other"}, "ru": {"one", "few", "many", "other"}}


def texts(table: dict[str, Any], *path: str) -> Iterator[tuple[str, Any]]:
    """Yield the dotted key of each text, and the text or its plural forms."""
    for key, value in table.items():
        if isinstance(value, dict) and "other" in value and set(value) <= PLURALS["ru"]:
            yield ".".join((*path, key)), value
        elif isinstance(value, dict):
            yield from texts(value, *path, key)
        else:
            yield ".".join((*path, key)), value


def fields(text: str | dict[str, str]) -> set[str]:
    forms = text.values() if isinstance(text, dict) else [text]
    return {name for form in forms for _, name, _, _ in Formatter().parse(form) if name}


CATALOGUES = {language: dict(texts(read_catalogue(language))) for language in LANGUAGES}


def test_catalogues_have_the_same_keys_in_the_same_order() -> None:
    assert list(CATALOGUES["ru"]) == list(CATALOGUES["en"])


def test_catalogues_have_plural_forms_for_the_same_texts() -> None:
    kinds = [{key: type(text) for key, text in found.items()} for found in CATALOGUES.values()]
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms_are_those_of_the_language(language: str) -> None:
    forms = [set(text) for text in CATALOGUES[language].values() if isinstance(text, dict)]
    assert len(forms) >= 8
    assert all(found == PLURALS[language] for found in forms)


def test_texts_of_both_languages_have_fields_that_the_program_fills() -> None:
    alternatives = {"runs.lead": {"rows", "delivered"}}
    for key, text in CATALOGUES["en"].items():
        differing = fields(text) ^ fields(CATALOGUES["ru"][key])
        assert differing <= alternatives.get(key, set()), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_has_every_code(language: str) -> None:
    words = Words.of(language)
    keys = [
        *(f"reasons.names.{reason}" for reason in REASONS),
        *(f"light.causes.{cause.value}" for cause in Cause),
        *(f"light.{colour.value}" for colour in Colour),
        *(f"marts.{entity.name}" for entity in ENTITIES),
        *(f"status_types.{kind.lower()}" for kind in STATUS_TYPES),
    ]
    assert [key for key in keys if not words.has(key)] == []


def test_russian_texts_are_russian() -> None:
    latin = {
        key
        for key, text in CATALOGUES["ru"].items()
        if not re.search(r"[\u0400-\u04ff]", str(text))
    }
    assert latin == {"revenue.crm", "match_keys.client_id"}


@pytest.mark.parametrize(
    ("n", "text"), [(1, "1 заказ"), (3, "3 заказа"), (11, "11 заказов"), (21, "21 заказ")]
)
def test_words_choose_the_russian_plural(n: int, text: str) -> None:
    assert Words.of("ru").text("units.orders", n=n) == text


def test_words_write_numbers_in_the_form_of_the_language() -> None:
    english, russian = Words.of("en"), Words.of("ru")
    assert english.number(1234567) == "1,234,567"
    assert russian.number(1234567) == "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}567"
    assert english.short(Decimal(1_200_000)) == "1.2M"
    assert russian.hours(20.5) == "20,5 ч"
    assert english.hours(72) == "3 days"
    assert russian.moment(datetime(2026, 11, 7, 9, 5)) == "7 нояб. 2026, 09:05"  # noqa: DTZ001
    assert english.month(date(2026, 11, 1)) == "November 2026"
    assert english.short_month(date(2026, 1, 1)) == "Jan|2026"


@pytest.mark.parametrize("value", [1e300, -1e300, 1e28, Decimal("9" * 36 + ".25")])
def test_words_write_a_number_of_many_digits_as_a_power_of_ten(value: float | Decimal) -> None:
    words = Words.of("ru")
    power = f"{value:.0E}".replace("+", "")
    assert words.number(value) == words.short(value) == power
    assert "E" in words.money(Decimal(value), "RUB")
    assert "E" in words.percent(float(value))
    assert len(words.hours(float(value))) < 15


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0%"), (0.034, "3.4%"), (0.5, "50%"), (0.99999, "99.9%"), (1, "100%")],
)
def test_words_write_only_a_whole_as_100_percent(share: float, text: str) -> None:
    assert Words.of("en").percent(share) == text
