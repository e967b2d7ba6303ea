"""Reading YAML files, with a limit for aliases that multiply or contain themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from metrica_export.errors import SettingsError

_MAX_NODES = 100_000
"""Maximum number of keys and values of a file with every alias expanded."""

_MAX_BYTES = 1_000_000
"""Maximum size of a file: PyYAML reads 100 KB in a second."""

_CONSTRUCTION = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError)


Lines = dict[tuple[str, ...], int]
"""The line of each key of a file, by the keys on the way to it."""


def load_mapping(path: Path, advice: str = "Check the path") -> dict[str, Any]:
    """Return the mapping in a YAML file; SettingsError names the file and, if known, the line."""
    loaded, _ = _read(path, advice)
    if not isinstance(loaded, dict):
        raise SettingsError(f"{path} is not a YAML mapping. {advice}.")
    return loaded


def load_with_lines(path: Path, advice: str) -> tuple[dict[str, Any], Lines]:
    """Return the mapping in a YAML file, which may be empty, and the lines of its keys.

    Raises the errors of `load_mapping`, and SettingsError for a key that stands twice.
    """
    loaded, keys = _read(path, advice)
    if loaded is not None and not isinstance(loaded, dict):
        raise SettingsError(f"{path} is not a YAML mapping. {advice}.")
    lines: Lines = {}
    for each, line in keys:
        if each in lines:
            raise SettingsError(
                f"{path}, line {line}: {each[-1]} is in line {lines[each]}, too. Remove one."
            )
        lines[each] = line
    return loaded or {}, lines


_Keys = list[tuple[tuple[str, ...], int]]
"""Keys with their lines, in the order of a file."""


def _read(path: Path, advice: str) -> tuple[Any, _Keys]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SettingsError(f"{path} has more than {_MAX_BYTES:,} bytes. {advice}.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"Cannot read {path} ({type(error).__name__}). {advice}.") from None
    try:
        return _load(text, path)
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


def _load(text: str, path: Path) -> tuple[Any, _Keys]:
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None, []
        if _size(root, {}, path) > _MAX_NODES:
            raise SettingsError(
                f"{path} has more than {_MAX_NODES} values with its aliases. Remove aliases."
            )
        # Before the construction, which replaces merge keys.
        keys = list(_keys(root, ()))
        return loader.construct_document(root), keys
    finally:
        loader.dispose()


def _keys(node: yaml.Node, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the keys of nested mappings, each with its line."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*above, str(key.value)), key.start_mark.line + 1
            yield from _keys(value, (*above, str(key.value)))


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
