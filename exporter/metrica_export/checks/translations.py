"""Texts of the program in English and Russian, from a TOML file: key → language → text."""

import tomllib
from functools import cache
from importlib.resources import files

Translations = dict[str, dict[str, str]]


@cache
def read_translations(package: str, name: str) -> Translations:
    """Return key → `en` or `ru` → text of a file in a package."""
    found: Translations = tomllib.loads(files(package).joinpath(name).read_text(encoding="utf-8"))
    return found
