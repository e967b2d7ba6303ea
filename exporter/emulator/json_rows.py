"""The entities of a JSON body, read into a stage."""

from collections.abc import Callable
from functools import partial
from typing import Any

from exporter.emulator import cells, readers
from exporter.emulator.catalogue import Catalogue
from exporter.emulator.cells import BadValue
from exporter.emulator.columns import JSON_ONLY
from exporter.emulator.refusal import invalid
from exporter.emulator.stage import Stage, Values
from exporter.emulator.switches import Switches
from exporter.marts import Column, Entity, Kind

_FULL_MOMENT = len("yyyy-MM-dd HH:mm:ss")
_FULL_DATE = len("yyyy-MM-dd")
_HUGE = 10**18  # NaN and the infinities are not below it


def read(
    body: object, stage: Stage, entity: Entity, catalogue: Catalogue, switches: Switches
) -> None:
    """Check every entity of `{"<entity>": […]}` and put it on the stage.

    Raises Refusal when the list is missing or empty.
    """
    items = body.get(entity.name) if isinstance(body, dict) else None
    if not isinstance(items, list) or not items:
        raise invalid("Expected a list with at least one entity.", entity.name)
    known: dict[str, Callable[[Any], Any]] = {
        column.name: partial(_value, column, readers.of_column(column, entity, catalogue, switches))
        for column in entity.columns
    }
    known |= dict.fromkeys(JSON_ONLY[entity.name], lambda value: value)
    required = [column.name for column in entity.columns if column.required]
    for item in items:
        values, problems = _entity(item, known, required, switches)
        stage.add(values.get(entity.key), values, problems)


def _entity(
    item: object,
    known: dict[str, Callable[[Any], Any]],
    required: list[str],
    switches: Switches,
) -> tuple[Values, list[str]]:
    if not isinstance(item, dict):
        return {}, ["not_an_object"]
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
                problems.append(f"{name}: {bad.reason}")
        elif switches.empty_cell == "null":
            values[name] = None
    bad_names = {problem.partition(":")[0] for problem in problems}
    problems += [
        f"{name}: required"
        for name in required
        if values.get(name) is None and name not in bad_names
    ]
    return values, problems


def _value(column: Column, reader: cells.Reader, value: object) -> Any:  # noqa: ANN401
    if column.kind is Kind.MONEY:
        return _number(value)
    if column.kind in cells.ENTRIES:
        return _list(value, cells.ENTRIES[column.kind], column.kind)
    if column.kind is Kind.GOALS:
        return _goals(value)
    if column.kind is Kind.PRODUCTS:
        return _products(value, reader)
    if not isinstance(value, str):
        raise BadValue("not_a_string")
    length = {Kind.DATETIME: _FULL_MOMENT, Kind.DATE: _FULL_DATE}.get(column.kind)
    if length and (len(value) != length or value[4] != "-"):
        raise BadValue(f"bad_{column.kind.value}")
    return reader(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_HUGE < value < _HUGE:
        raise BadValue("not_a_number")
    return float(value)


def _list(value: object, entry: cells.Reader, kind: Kind) -> list[Any]:
    if not isinstance(value, list):
        raise BadValue("not_a_list")
    if kind is Kind.CLIENT_IDS:
        value = [
            str(item) if isinstance(item, int) and not isinstance(item, bool) else item
            for item in value
        ]
    if not all(isinstance(item, str) for item in value):
        raise BadValue("not_a_string")
    return list(dict.fromkeys(map(entry, value)))


def _goals(value: object) -> dict[str, float | None]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise BadValue("not_a_list_of_objects")
    goals: dict[str, float | None] = {}
    for item in value:
        goal, price = item.get("goal_action_id"), item.get("price")
        if not isinstance(goal, str):
            raise BadValue("bad_goal")
        if cells.goal_id(goal) in goals:
            raise BadValue("goal_twice")
        goals[goal] = None if price is None else _number(price)
    return goals


def _products(value: object, reader: cells.Reader) -> dict[str, int]:
    if not isinstance(value, dict):
        raise BadValue("not_an_object")
    products: dict[str, int] = {}
    for name, quantity in value.items():
        if "," in name or isinstance(quantity, bool) or not isinstance(quantity, int):
            raise BadValue("bad_product" if "," in name else "bad_quantity")
        products |= reader(f"{name}:{quantity}")
    return products
