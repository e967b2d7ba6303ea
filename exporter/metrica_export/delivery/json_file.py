"""JSON files: small chunks on disk, in the format of Metrica's upload methods for JSON."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from metrica_export.delivery.csv_file import File, file_at
from metrica_export.metrica.formats import Column, Kind
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart


def write_json(
    wh: Attached, mart: Mart, columns: tuple[Column, ...], cells: str, path: Path
) -> File:
    """Write a small chunk as `{"contacts": […]}` or `{"orders": […]}`; leave out empty cells.

    Lists are arrays of text, including ClientIDs, which would lose digits as numbers. Amounts
    are numbers with the mart's digits.

    Sources: pages "Uploading customer data (JSON)", "Uploading orders (JSON)".
    """
    items = ", ".join("{" + ", ".join(_members(columns, row)) + "}" for row in wh.rows(cells))
    path.write_text(f'{{"{mart.name}": [{items}]}}', encoding="utf-8")
    return file_at(path)


def _members(columns: tuple[Column, ...], row: tuple[str | None, ...]) -> Iterator[str]:
    for column, text in zip(columns, row, strict=True):
        if text is not None:
            yield f"{_text(column.name)}: {_value(column.kind, text)}"


def _value(kind: Kind, text: str) -> str:
    match kind:
        case Kind.MONEY | Kind.NUMBER:
            return format(Decimal(text), "f")
        case Kind.CLIENT_IDS | Kind.EMAILS | Kind.PHONES | Kind.MD5S:
            return f"[{', '.join(map(_text, text.split(',')))}]"
        case Kind.PRODUCTS:
            pairs = (pair.rpartition(":") for pair in text.split(","))
            return f"{{{', '.join(f'{_text(name)}: {units}' for name, _, units in pairs)}}}"
        case Kind.GOALS:
            return f"[{', '.join(map(_goal, text.split(',')))}]"
        case _:
            return _text(text)


def _goal(text: str) -> str:
    goal, _, price = text.partition(":")
    number = f', "price": {Decimal(price):f}' if price else ""
    return f'{{"goal_action_id": {_text(goal)}{number}}}'


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
