"""The messages of the gate, in English and Russian."""

import tomllib
from functools import cache
from importlib.resources import files


def gate_text(key: str, language: str, **fields: object) -> str:
    """Return a message of the gate in `en` or `ru`."""
    return read_texts()[key][language].format(**fields)


@cache
def read_texts() -> dict[str, dict[str, str]]:
    """Return key → language → text."""
    text = files(__package__).joinpath("gate_texts.toml").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = tomllib.loads(text)
    return found
