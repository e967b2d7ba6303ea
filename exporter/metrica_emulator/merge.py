"""The three merge modes (modes)."""

from enum import Enum
from typing import Any

from metrica_emulator.columns import IDENTIFIERS
from metrica_emulator.stage import Values


class MergeMode(Enum):
    """What happens to the values that a stored entity already has."""

    SAVE = "SAVE"
    UPDATE = "UPDATE"
    APPEND = "APPEND"

    def merged(self, stored: Values, sent: Values, *, joins_all: bool) -> Values:
        """Return the entity after an upload; what is null is absent from it.

        APPEND joins every list and map, or those of the identifiers only.
        """
        if self is MergeMode.SAVE:
            merged = sent
        elif self is MergeMode.UPDATE:
            merged = stored | sent
        else:
            merged = stored | {
                name: _union(stored.get(name), new) if joins_all or name in IDENTIFIERS else new
                for name, new in sent.items()
            }
        return {name: value for name, value in merged.items() if value is not None}


def _union(old: Any, new: Any) -> Any:  # noqa: ANN401 - values of any attribute
    if isinstance(old, list) and isinstance(new, list):
        return list(dict.fromkeys([*old, *new]))
    if isinstance(old, dict) and isinstance(new, dict):
        return old | new
    return new
