"""Values that the dbt models left out of the marts, as the model `left_out` counts them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Marts
from metrica_export.warehouse.marks import relation


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The count of values of a kind that the models left out of a mart for one reason."""

    entity: str
    kind: str
    reason: str
    left_out: int
    total: int

    @property
    def percent(self) -> float:
        """The share of all values of the kind."""
        return round(100 * self.left_out / max(self.total, 1), 1)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts for JSON."""
        return {name: getattr(self, name) for name in (*_COLUMNS, "percent")}


_COLUMNS = ("entity", "kind", "reason", "left_out", "total")


def read_left_out(wh: Attached, marts: Marts, entities: Collection[str]) -> list[LeftOut]:
    """Return the values left out of some marts, greatest counts first; none without the model.

    A mart whose orders carry identifiers takes them from the contacts, so these are counted too.

    Raises WarehouseError if the model's table cannot be read.
    """
    if marts.left_out is None or not wh.columns(*marts.left_out):
        return []
    found = wh.rows(
        f"select {', '.join(_COLUMNS)} from {relation(*marts.left_out)} "
        "where left_out > 0 order by entity, left_out desc, kind, reason"
    )
    shown = {*entities}
    if any(marts.get(entity).entity.needs_identifier for entity in entities):
        shown.add("contacts")
    return [LeftOut(*row) for row in found if row[0] in shown]
