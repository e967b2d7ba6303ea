"""dbt's YAML files, read without following aliases that multiply or refer to themselves."""

from pathlib import Path
from typing import Any

import yaml

from metrica_export.errors import SettingsError

_MAX_NODES = 100_000
"""Keys and values of a file with every alias written out."""

_CONSTRUCTION = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError)


def load_mapping(path: Path, advice: str = "check the path") -> dict[str, Any]:
    """Return the mapping in a YAML file; SettingsError names the file and, if known, the line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"Cannot read {path} ({type(error).__name__}); {advice}.") from None
    try:
        loaded = _load(text, path)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{path} is not valid YAML{line}.") from None
    except RecursionError:
        raise SettingsError(f"{path} is nested too deeply; flatten it.") from None
    except _CONSTRUCTION as error:
        # Such as a date with a 13th month. Its text may repeat the value.
        raise SettingsError(f"{path} holds an invalid value ({type(error).__name__}).") from None
    if not isinstance(loaded, dict):
        raise SettingsError(f"{path} is not a YAML mapping; {advice}.")
    return loaded


def _load(text: str, path: Path) -> Any:  # noqa: ANN401 - whatever the YAML holds
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        if _size(root, {}, path) > _MAX_NODES:
            raise SettingsError(f"{path} has more than {_MAX_NODES} values with its aliases.")
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _size(node: yaml.Node, sizes: dict[yaml.Node, int], path: Path) -> int:
    """Return how many nodes there are with every alias written out."""
    if node in sizes:
        if not sizes[node]:
            line = node.start_mark.line + 1
            raise SettingsError(f"{path}: the value at line {line} contains itself.")
        return sizes[node]
    sizes[node] = 0
    parts: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        parts = node.value
    sizes[node] = 1 + sum(_size(part, sizes, path) for part in parts)
    return sizes[node]
