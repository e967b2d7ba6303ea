"""A counter's filter that was lost or widened, so that a run would send rows of other counters.

A flag or a counter's name that is missing from a command removes a filter as an edit does.
"""

from dataclasses import dataclass

from metrica_export.errors import WarehouseError
from metrica_export.ledger.reader import Ledger
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.filters import as_condition
from metrica_export.warehouse.marks import relation


@dataclass(frozen=True, slots=True)
class FilterChange:
    """A filter that a mart's deliveries had and that now selects more rows, or is lost.

    `before` is the number of rows that the recorded filter selects, `added` of those that only
    the present one does. If the recorded filter no longer holds, both follow from the last run.
    """

    before: int
    added: int
    is_lost: bool


def find_change(
    wh: Attached, ledger: Ledger, mart: Mart, rows: int, last_rows: int
) -> FilterChange | None:
    """Return the change of a mart's filter since its last run; None without added rows.

    `rows` counts the counter's rows, and `last_rows` those of the last complete run.
    """
    recorded = ledger.filters().get(mart.name)
    if recorded is None or recorded == mart.condition or not _has_deliveries(wh, ledger, mart):
        return None
    before = _count(wh, mart, recorded)
    if before is None:
        before = min(last_rows, rows)
    # dbt may build the mart again between the delta and this count.
    if (added := rows - before) <= 0:
        return None
    return FilterChange(before, added, is_lost=mart.condition is None)


def _has_deliveries(wh: Attached, ledger: Ledger, mart: Mart) -> bool:
    return bool(wh.rows(f"select 1 from {ledger.deliveries(mart.name)} limit 1"))


def _count(wh: Attached, mart: Mart, recorded: str) -> int | None:
    """Return the number of the counter's rows that the recorded filter selects."""
    # Without an alias, because a filter may name the mart.
    query = (
        f"select count(*) as n from {relation(mart.schema, mart.table)} "
        f"where {as_condition(mart.condition or 'true')} and {as_condition(recorded)}"
    )
    try:
        with wh.transaction():
            (found,) = wh.row(f"select n from {wh.remote(query)}")
    except WarehouseError:
        return None
    return int(found)
