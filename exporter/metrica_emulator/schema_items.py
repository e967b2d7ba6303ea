"""Entries of the `/schema` bodies: the rules of their fields."""

import re
from typing import Any

from metrica_export.metrica.formats import (
    ATTRIBUTE_TYPES,
    DEFAULT_STATUSES,
    MAX_CATALOGUE,
    MAX_HUMANIZED,
    STATUS_TYPES,
)

from metrica_emulator.entities import ENTITY_TYPES
from metrica_emulator.refusal import invalid, missing
from metrica_emulator.switches import Switches

Item = dict[str, Any]

_NAME = re.compile(r"[A-Za-z0-9_:-]{1,255}").fullmatch
_MAX_GOALS = 10

TYPE_GROUPS = ("PREDEFINED", "CUSTOM_LIST", "SYSTEM_LIST")


def items_of(body: object, name: str, *, required: bool = True) -> list[Item]:
    """Return the list of objects under a key of the body; raises Refusal."""
    items = body.get(name) if isinstance(body, dict) else None
    if items is None and not required:
        return []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise invalid("Expected a list of objects.", name)
    if len(items) > MAX_CATALOGUE:
        raise invalid(f"At most {MAX_CATALOGUE} entries are allowed.", name)
    return items


def read_entity_type(parameter: str | None) -> str:
    """Read the parameter `entity_type`; raises Refusal."""
    if parameter is None:
        raise missing("entity_type")
    if parameter not in ENTITY_TYPES:
        raise invalid(f"entity_type is one of {', '.join(ENTITY_TYPES)}.", "entity_type")
    return parameter


def check_status(item: Item, place: str, switches: Switches) -> None:
    """Check an order status; raises Refusal."""
    _check_name(item.get("id"), f"{place}.id")
    if item.get("type") not in STATUS_TYPES:
        raise invalid(f"type is one of {', '.join(STATUS_TYPES)}.", f"{place}.type")
    fixed = switches.default_remapping == "fail"
    if item["id"] in DEFAULT_STATUSES and item["type"] != item["id"] and fixed:
        raise invalid("A default status keeps its type.", f"{place}.type")
    _check_text(item.get("humanized"), f"{place}.humanized")
    goals = item.get("goal_action_ids")
    if goals is None:
        return
    if not isinstance(goals, list) or not all(isinstance(goal, str) and goal for goal in goals):
        raise invalid("Expected a list of JavaScript goal ids.", f"{place}.goal_action_ids")
    if len(goals) > _MAX_GOALS or len(set(goals)) != len(goals):
        message = f"At most {_MAX_GOALS} different goals are allowed."
        raise invalid(message, f"{place}.goal_action_ids")


def check_attribute(item: Item, place: str, system: set[str]) -> None:
    """Check a custom attribute; raises Refusal."""
    _check_name(item.get("name"), f"{place}.name")
    if item["name"] in system:
        raise invalid("A system attribute has this name.", f"{place}.name")
    if not isinstance(item.get("multivalued"), bool):
        raise invalid("multivalued is true or false.", f"{place}.multivalued")
    if item.get("type_name", "text") not in (*ATTRIBUTE_TYPES, "product"):
        message = f"type_name is one of {', '.join(ATTRIBUTE_TYPES)}, product."
        raise invalid(message, f"{place}.type_name")
    group = item.get("type_group")
    if group is not None and str(group).upper() not in TYPE_GROUPS:
        raise invalid(f"type_group is one of {', '.join(TYPE_GROUPS)}.", f"{place}.type_group")
    _check_text(item.get("type_humanized"), f"{place}.type_humanized")
    _check_text(item.get("humanized"), f"{place}.humanized")


def check_product(item: Item, place: str) -> None:
    """Check a product; raises Refusal."""
    _check_name(item.get("name"), f"{place}.name")
    _check_text(item.get("humanized"), f"{place}.humanized")
    _check_text(item.get("type"), f"{place}.type")


def _check_name(value: object, place: str) -> None:
    if not isinstance(value, str) or not _NAME(value):
        raise invalid("Expected 1..255 of A-Z a-z 0-9 _ : -", place)


def _check_text(value: object, place: str) -> None:
    if value is not None and (not isinstance(value, str) or len(value) > MAX_HUMANIZED):
        raise invalid(f"Expected a string of at most {MAX_HUMANIZED} characters.", place)
