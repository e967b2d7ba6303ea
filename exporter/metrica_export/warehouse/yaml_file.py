"""Reading dbt's YAML files, with a limit for aliases that multiply or contain themselves."""

from pathlib import Path
from typing import Any

import yaml

from metrica_export.errors import SettingsError

_MAX_NODES = 100_000
"""Maximum number of keys and values of a file with every alias expanded."""

_CONSTRUCTION = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError)


def load_mapping(path: Path, advice: str = "Check the path") -> dict[str, Any]:
    """Return the mapping in a YAML file; SettingsError names the file and, if known, the line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"Cannot read {path} ({type(error).__name__}). {advice}.") from None
    try:
        loaded = _load(text, path)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{path} is not valid YAML{line}. Correct it.") from None
    except RecursionError:
        raise SettingsError(f"{path} is nested too deeply. Flatten it.") from None
    except _CONSTRUCTION as error:
        # For example a date with month 13. The text of the error may repeat the value.
        raise SettingsError(
            f"{path} has an invalid value ({type(error).__name__}). Correct it."
        ) from None
    if not isinstance(loaded, dict):
        raise SettingsError(f"{path} is not a YAML mapping. {advice}.")
    return loaded


def _load(text: str, path: Path) -> Any:  # noqa: ANN401 - YAML of any type
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        if _size(root, {}, path) > _MAX_NODES:
            raise SettingsError(
                f"{path} has more than {_MAX_NODES} values with its aliases. Remove aliases."
            )
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _size(node: yaml.Node, sizes: dict[yaml.Node, int], path: Path) -> int:
    """Return the number of nodes with every alias expanded."""
    if node in sizes:
        if not sizes[node]:
            line = node.start_mark.line + 1
            raise SettingsError(
                f"{path}: the value at line {line} contains itself. Remove the alias."
            )
        return sizes[node]
    sizes[node] = 0
    parts: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        parts = node.value
    sizes[node] = 1 + sum(_size(part, sizes, path) for part in parts)
    return sizes[node]
