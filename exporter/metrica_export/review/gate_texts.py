"""The messages of the gate, in English and Russian."""

from metrica_export.checks.translations import Translations, read_translations


def gate_text(key: str, language: str, **fields: object) -> str:
    """Return a message of the gate in `en` or `ru`."""
    return read_texts()[key][language].format(**fields)


def read_texts() -> Translations:
    """Return key → language → text."""
    return read_translations(__package__, "gate_texts.toml")
