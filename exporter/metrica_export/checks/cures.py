"""Cures for the reasons of rejected, held and pending rows, in English and Russian."""

from metrica_export.checks.translations import Translations, read_translations

_UNKNOWN = "other"


def cure_of(reason: str, language: str = "en") -> str:
    """Return the cure of a reason in `en` or `ru`: sentences, with code between backticks.

    For a reason that only a later version of the program has, the cure is to upgrade.
    """
    cures = read_cures()
    return cures.get(reason, cures[_UNKNOWN])[language]


def read_cures() -> Translations:
    """Return reason → language → cure. `other` is for reasons of a later version."""
    return read_translations(__package__, "cures.toml")
