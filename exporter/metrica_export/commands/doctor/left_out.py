"""The doctor's check of values that the dbt models left out."""

from metrica_export.commands.doctor.finding import Finding, ok, warning
from metrica_export.errors import WarehouseError
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Marts
from metrica_export.warehouse.left_out import LeftOut, read_left_out


def examine_left_out(wh: Attached, marts: Marts) -> Finding:
    """Warn of values that the models left out, with their shares."""
    if marts.left_out is None:
        return ok("left out", "the project has no model that counts left-out values")
    if not wh.columns(*marts.left_out):
        return warning(
            "left out",
            f"table {'.'.join(marts.left_out)} is missing",
            "Run `dbt build`, or grant this role usage on its schema and select on it.",
        )
    try:
        found = read_left_out(wh, marts, [mart.name for mart in marts.all])
    except WarehouseError as error:
        return warning("left out", str(error), "Grant select on the model left_out.")
    if not found:
        return ok("left out", "the models left no value out of the marts")
    counts = (
        f"{each.left_out} of {each.total} {_kind(each)} ({each.percent} %, {each.reason})"
        for each in found
    )
    return warning(
        "left out",
        "; ".join(counts),
        "Correct the values in the CRM tables, or the vars of the dbt project, and run dbt build.",
    )


def _kind(each: LeftOut) -> str:
    return each.entity if each.kind == "contact" else f"values of {each.kind} in {each.entity}"
