"""Values that the dbt models left out of the marts, as the model `left_out` counts them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from exporter.errors import WarehouseError
from exporter.finding import Finding, ok, warning
from exporter.manifest import Marts
from exporter.warehouse import Attached, relation


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many values of a kind, out of all, the models left out of a mart for one reason."""

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
        """Return the counts as JSON has them."""
        return {name: getattr(self, name) for name in (*_COLUMNS, "percent")}


_COLUMNS = ("entity", "kind", "reason", "left_out", "total")


def read_left_out(wh: Attached, marts: Marts, entities: Collection[str]) -> list[LeftOut]:
    """Return the values left out of some marts, most first; none without the model.

    Raises WarehouseError when the model's table cannot be read.
    """
    if marts.left_out is None or not wh.columns(*marts.left_out):
        return []
    found = wh.rows(
        f"select {', '.join(_COLUMNS)} from {relation(*marts.left_out)} "
        "where left_out > 0 order by entity, left_out desc, kind, reason"
    )
    return [LeftOut(*row) for row in found if row[0] in entities]


def examine_left_out(wh: Attached, marts: Marts) -> Finding:
    """Warn of values that the models left out, with their shares."""
    if marts.left_out is None:
        return ok("left out", "the project has no model that counts it")
    try:
        found = read_left_out(wh, marts, [mart.name for mart in marts.all])
    except WarehouseError as error:
        return warning("left out", str(error), "Grant select on the model left_out.")
    if not found:
        return ok("left out", "the models left no value out of the marts")
    counts = (
        f"{each.left_out} of {each.total} {_called(each)} ({each.percent} %, {each.reason})"
        for each in found
    )
    return warning(
        "left out",
        "; ".join(counts),
        "Correct the values in the CRM tables, or the vars of the dbt project, and run dbt build.",
    )


def _called(each: LeftOut) -> str:
    return each.entity if each.kind == "contact" else f"values of {each.kind} in {each.entity}"
