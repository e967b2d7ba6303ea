"""Cures for the reasons of rejected, held and pending rows, in English and Russian."""

import tomllib
from functools import cache
from importlib.resources import files

_UNKNOWN = "other"


def cure_of(reason: str, language: str = "en") -> str:
    """Return the cure of a reason in `en` or `ru`: sentences, with code between backticks.

    For a reason that only a later version of the program has, the cure is to upgrade.
    """
    cures = read_cures()
    return cures.get(reason, cures[_UNKNOWN])[language]


@cache
def read_cures() -> dict[str, dict[str, str]]:
    """Return reason → language → cure. `other` is for reasons of a later version."""
    text = files(__package__).joinpath("cures.toml").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = tomllib.loads(text)
    return found
