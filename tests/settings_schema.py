"""The JSON Schema of metrica.yml. `python -m tests.settings_schema` writes it from the options."""

import json
import re
from typing import Any

import click
from metrica_export.cli.settings_file import COUNTER, COUNTERS, ID, SETTINGS
from metrica_export.cli.value_types import PairsType, SizeType, WordsType
from metrica_export.metrica.formats import ENTITIES

from tests.page_block import DOCS

PAGE = DOCS / "reference" / "metrica.schema.json"

_SIZE = r"^\s*[0-9]+(\.[0-9]+)?\s*([KkMmGg][Ii]?)?[Bb]\s*$"


def schema() -> dict[str, Any]:
    """Return the schema of the file."""
    settings = {key: _of_option(option) for key, option in SETTINGS.items()}
    own = {key: value for key, value in settings.items() if key != COUNTER}
    number = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
    counter = {
        "type": "object",
        "description": "A counter, and settings that only it has.",
        "required": [ID],
        "additionalProperties": False,
        "properties": {ID: number | {"description": "The counter's number."}} | own,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "metrica.yml",
        "description": "Defaults of the options of metrica-export.",
        "type": "object",
        "additionalProperties": False,
        "properties": settings
        | {
            COUNTERS: {
                "type": "object",
                "description": "The counters of several sites, by name.",
                "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_.-]*$"},
                "additionalProperties": counter,
            }
        },
    }


def _of_option(option: click.Parameter) -> dict[str, Any]:
    assert isinstance(option, click.Option)
    text = re.sub(r"\s*\[default: .*\]$", "", option.help or "")
    default = f" Default: {option.show_default}." if isinstance(option.show_default, str) else ""
    found = {"description": text + default} | _of_type(option.type)
    if option.show_default is True:
        found["default"] = option.default
    return found


def _of_type(kind: "click.ParamType[Any]") -> dict[str, Any]:
    if isinstance(kind, click.Choice):
        return {"enum": list(kind.choices)}
    return next(found for type_, found in _TYPES.items() if isinstance(kind, type_))


_TEXT = {"type": "string"}

_TYPES: dict[type, dict[str, Any]] = {
    SizeType: {"anyOf": [{"type": "integer"}, _TEXT | {"pattern": _SIZE}]},
    WordsType: {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
    PairsType: {
        "type": "object",
        "propertyNames": {"enum": [entity.name for entity in ENTITIES]},
        "additionalProperties": _TEXT,
    },
    type(click.INT): {"type": "integer"},
    click.Path: _TEXT,
    # A name or a percentage may be a number.
    click.ParamType: {"type": ["string", "number"]},
}


def page() -> str:
    """Return the text of the published file."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
