"""JSON bodies: their entities, read into a stage."""

from collections.abc import Callable
from functools import partial
from typing import Any

from metrica_export.metrica.formats import Column, Kind

from metrica_emulator import cells
from metrica_emulator.cells import BadValue
from metrica_emulator.readers import Readers
from metrica_emulator.refusal import invalid
from metrica_emulator.stage import Stage, Values

_FULL_MOMENT = len("yyyy-MM-dd HH:mm:ss")
_FULL_DATE = len("yyyy-MM-dd")
_HUGE = 10**18  # NaN and infinity are not below it
_MAX_COMMENT = 1000


def read(body: object, stage: Stage, readers: Readers) -> None:
    """Check every entity of `{"<entity>": […]}` and add it to the stage.

    Raises Refusal if the list is missing or empty.
    """
    entity = readers.entity
    items = body.get(entity.name) if isinstance(body, dict) else None
    if not isinstance(items, list) or not items:
        raise invalid("Expected a list with at least one entity.", entity.name)
    known: dict[str, Callable[[Any], Any]] = {
        column.name: partial(_value, column, readers) for column in entity.columns
    }
    known |= _JSON_ONLY
    for item in items:
        values, problems = _entity(item, known, readers)
        stage.add(values.get(entity.key), values, problems)


def _entity(
    item: object, known: dict[str, Callable[[Any], Any]], readers: Readers
) -> tuple[Values, list[str]]:
    if not isinstance(item, dict):
        return {}, ["not_an_object"]
    switches = readers.switches
    values: Values = {}
    problems: list[str] = []
    for place, (name, value) in enumerate(item.items(), start=1):
        if name not in known:
            if switches.unknown_column == "fail":
                problems.append(f"key {place}: unknown_column")
        elif value not in (None, "", []):
            try:
                values[name] = known[name](value)
            except BadValue as bad:
                problems.append(readers.problem(name, bad, value))
        elif switches.empty_cell == "null":
            values[name] = None
    bad_names = {problem.partition(":")[0] for problem in problems}
    problems += [
        f"{column.name}: required"
        for column in readers.entity.columns
        if column.required and values.get(column.name) is None and column.name not in bad_names
    ]
    if not problems and readers.lacks_identifier(values):
        problems.append("no_identifier")
    return values, problems


def _value(column: Column, readers: Readers, value: object) -> Any:  # noqa: ANN401
    if column.kind is Kind.MONEY:
        return cells.amount(_number(value))
    if column.kind in cells.ENTRIES:
        return _list(value, column.kind)
    if column.kind is Kind.GOALS:
        return _goals(value, readers.goal)
    if column.kind is Kind.PRODUCTS:
        return _products(value, readers.of_column(column))
    if not isinstance(value, str):
        raise BadValue("not_a_string")
    length = {Kind.DATETIME: _FULL_MOMENT, Kind.DATE: _FULL_DATE}.get(column.kind)
    if length and (len(value) != length or value[4] != "-"):
        raise BadValue(f"bad_{column.kind.value}")
    return readers.of_column(column)(value)


def _attribute_values(value: object) -> object:
    # The form of the values is not documented, so they are stored unchanged.
    if not isinstance(value, dict):
        raise BadValue("not_an_object")
    return value


def _comment(value: object) -> str:
    if not isinstance(value, str):
        raise BadValue("not_a_string")
    if len(value) > _MAX_COMMENT:
        raise BadValue("too_long")
    return value


_JSON_ONLY: dict[str, Callable[[Any], Any]] = {
    "attribute_values": _attribute_values,
    "user_comment": _comment,
}
"""Keys of the JSON schemas without a CSV column."""


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_HUGE < value < _HUGE:
        raise BadValue("not_a_number")
    return float(value)


def _list(value: object, kind: Kind) -> list[Any]:
    if not isinstance(value, list):
        raise BadValue("not_a_list")
    if kind is Kind.CLIENT_IDS:
        value = [
            str(item) if isinstance(item, int) and not isinstance(item, bool) else item
            for item in value
        ]
    if not all(isinstance(item, str) for item in value):
        raise BadValue("not_a_string")
    return cells.distinct(list(map(cells.ENTRIES[kind], value)), cells.MOST[kind])


def _goals(value: object, reader: cells.Reader) -> dict[str, float | None]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise BadValue("not_a_list_of_objects")
    goals: dict[str, float | None] = {}
    for item in value:
        goal, price = item.get("goal_action_id"), item.get("price")
        if not isinstance(goal, str):
            raise BadValue("bad_goal")
        if reader(goal) in goals:
            raise BadValue("goal_twice")
        goals[goal] = None if price is None else _number(price)
    return cells.at_most(goals, cells.MOST[Kind.GOALS])


def _products(value: object, reader: cells.Reader) -> dict[str, int]:
    if not isinstance(value, dict):
        raise BadValue("not_an_object")
    products: dict[str, int] = {}
    for name, quantity in value.items():
        if "," in name or isinstance(quantity, bool) or not isinstance(quantity, int):
            raise BadValue("bad_product" if "," in name else "bad_quantity")
        products |= reader(f"{name}:{quantity}")
    return products
