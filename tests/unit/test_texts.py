"""Texts in two languages: the reasons, and the messages of the gate."""

import re
from string import Formatter

import pytest
from metrica_export.checks.reasons import REASONS, explain_reason
from metrica_export.review.gate_texts import gate_text, read_texts

CYRILLIC = re.compile(r"[\u0430-\u044f]", re.IGNORECASE)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("reason", REASONS)
def test_reason_has_its_meaning_in_both_languages(reason: str) -> None:
    english, russian = explain_reason(reason), explain_reason(reason, "ru")
    assert english == REASONS[reason]
    assert CYRILLIC.search(russian), russian
    assert russian.endswith(".")
    # The limits and options are those of the English text.
    numbers = "\\d[\\d,\N{NO-BREAK SPACE}]*|--[a-z-]+"
    found = [re.findall(numbers, text) for text in (english, russian)]
    digits = [{re.sub(r"[^\da-z-]", "", word) for word in words} for words in found]
    assert digits[0] == digits[1], russian


def test_reason_of_a_later_version_is_shown_as_it_is() -> None:
    assert explain_reason("later", "ru") == explain_reason("later") == "later."


@pytest.mark.parametrize("key", read_texts())
def test_gate_message_has_the_same_fields_in_both_languages(key: str) -> None:
    texts = read_texts()[key]
    assert set(texts) == {"en", "ru"}
    assert fields(texts["en"]) == fields(texts["ru"])
    assert CYRILLIC.search(texts["ru"]) or not CYRILLIC.search(texts["en"])
    shown = gate_text(key, **dict.fromkeys(fields(texts["ru"]), 7))["ru"]
    assert "{" not in shown
