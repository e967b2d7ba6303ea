"""The undelivered statuses of orders with a status path."""

from metrica_export.checks.staged_mart import StagedMart
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import STATUS_PATH
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import STEPS, tables_of


def find_steps(wh: Attached, staged: StagedMart) -> None:
    """Fill `steps` of a mart with status paths: each undelivered status of an order is a step.

    The delivered step is the place of the delivered status in the path. If the CRM rewrote the
    history, it is the last place of this status. If the path lacks the delivered status or ends
    with it, only the present status is sent, since an earlier status must not follow a later
    one. For the same reason no step before a step with an unknown outcome is sent; its place is
    found in the same way.
    """
    if staged.mart.has_path:
        tables = tables_of(staged.name)
        wh.run(render(__package__, "steps", status_path=STATUS_PATH, **tables))


def has_later_steps(wh: Attached, staged: StagedMart, wave: int) -> bool:
    """Return whether any staged order has a step after this wave.

    It reads the short table `steps` only, so that most runs need no pass over the staged rows.
    """
    if not staged.mart.has_path:
        return False
    later = f"select 1 from {staged.of(STEPS)} where len(_pending) > {wave} limit 1"
    return bool(wh.rows(later))
