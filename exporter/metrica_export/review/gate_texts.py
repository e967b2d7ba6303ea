"""The messages of the gate, each in English and Russian at once: the ledger keeps both."""

from collections.abc import Iterable, Mapping

from metrica_export.checks.translations import Translations, read_translations
from metrica_export.errors import GateError

LANGUAGES = ("en", "ru")

Texts = Mapping[str, str]
"""One text in every language: language → text."""


def gate_text(key: str, **fields: object) -> Texts:
    """Return a message of the gate. A field has one value, or one in each language (`Texts`)."""
    return {
        language: template.format(
            **{
                name: value[language] if isinstance(value, Mapping) else value
                for name, value in fields.items()
            }
        )
        for language, template in read_texts()[key].items()
    }


def joined(separator: str, texts: Iterable[Texts]) -> Texts:
    """Return texts as one."""
    listed = list(texts)
    return {language: separator.join(text[language] for text in listed) for language in LANGUAGES}


def in_language(found: Mapping[str, Texts], language: str) -> dict[str, str]:
    """Return key → text in one language."""
    return {key: texts[language] for key, texts in found.items()}


def gate_error(texts: Texts, language: str) -> GateError:
    """Return the error of a stopped run; `texts` has its message in every language."""
    error = GateError(texts[language])
    error.texts = texts
    return error


def read_texts() -> Translations:
    """Return key → language → text."""
    return read_translations(__package__, "gate_texts.toml")
