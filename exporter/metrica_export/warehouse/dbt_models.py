"""The models in dbt's manifest, checked for the structure that the exporter needs."""

from pathlib import Path
from typing import Any

from metrica_export.errors import SettingsError

Node = dict[str, Any]


def metrica_meta(node: Node) -> Node:
    """Return `meta.metrica` of a model or a column, empty if it has none."""
    for holder in (node.get("config"), node):
        meta = holder.get("meta") if isinstance(holder, dict) else None
        found = meta.get("metrica") if isinstance(meta, dict) else None
        if isinstance(found, dict):
            return found
    return {}


def metrica_models(path: Path, nodes: dict[str, Any]) -> list[Node]:
    """Return the models whose meta names an entity or a role; SettingsError names a bad key."""
    found = []
    for key, node in nodes.items():
        if not isinstance(node, dict):
            raise _malformed(path, key, "an object")
        if node.get("resource_type") == "model" and metrica_meta(node).keys() & {"entity", "role"}:
            found.append(_checked(path, key, node))
    return found


def _checked(path: Path, key: str, node: Node) -> Node:
    for field in ("name", "schema"):
        if not _is_name(node.get(field)):
            raise _malformed(path, f"{key}.{field}", "a name")
    if not _is_name(node.get("alias") or node["name"]):
        raise _malformed(path, f"{key}.alias", "a name")
    zone = metrica_meta(node).get("counter_time_zone")
    if not (zone is None or _is_name(zone)):
        raise _malformed(path, f"{key}.config.meta.metrica.counter_time_zone", "a name")
    columns = node.get("columns")
    columns = {} if columns is None else columns
    if not isinstance(columns, dict):
        raise _malformed(path, f"{key}.columns", "an object")
    for name, column in columns.items():
        if not _is_name(name) or not isinstance(column, dict | None):
            raise _malformed(path, f"{key}.columns.{name}", "an object")
    declared = {name: column or {} for name, column in columns.items()}
    return node | {"columns": declared | _attributes_of_var(path, key, node)}


def _attributes_of_var(path: Path, key: str, node: Node) -> dict[str, Node]:
    """Return the attributes of dbt's var `metrica_attributes`, as columns of a model's YAML.

    The columns of dbt's manifest come from the YAML alone, so the var is in the model's meta.
    """
    meta = metrica_meta(node)
    label = f"{key}.config.meta.metrica.attributes"
    by_entity = meta.get("attributes")
    if by_entity is None:
        return {}
    found = by_entity.get(meta.get("entity")) if isinstance(by_entity, dict) else by_entity
    if not isinstance(found, list | None):
        raise _malformed(path, label, "a list of attributes for each entity")
    for attribute in found or []:
        if not isinstance(attribute, dict) or not _is_name(attribute.get("name")):
            raise _malformed(path, label, "a list of attributes with names")
    return {each["name"]: {"config": {"meta": {"metrica": each}}} for each in found or []}


def _is_name(found: object) -> bool:
    return isinstance(found, str) and found.isprintable() and found != ""


def _malformed(path: Path, key: str, wanted: str) -> SettingsError:
    return SettingsError(f"{path}: nodes.{key} is not {wanted}. Run `dbt build` again.")
