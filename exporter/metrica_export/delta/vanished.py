"""Vanished rows: delivered rows that are no longer in the mart. Metrica keeps them.

Needs `delivered` and `mart_keys` of the whole mart; the count also needs `compared` and
`changed_ids`.
"""

from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.sql import name, quote
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import DELIVERED, MART_KEYS, STAGED, tables_of

ERASED = "caad2a87e1ac04c02a1f3b109773768f"
"""The row hash of a delivery that emptied a vanished row. No mart row has this hash."""


def count_vanished(wh: Attached, mart: Mart) -> int:
    """Return the number of delivered rows that left the mart and were not emptied since."""
    (rows,) = wh.row(render(__package__, "vanished_count", erased=ERASED, **tables_of(mart.name)))
    return int(rows)


def stage_vanished(wh: Attached, mart: Mart) -> int:
    """Stage each vanished row with its id only; return their number.

    In the merge mode SAVE such a row empties all other values in Metrica. As for every row, the
    delivered creation date is sent.
    """
    (rows,) = wh.row(f"select count(*) from ({_vanished(mart)})")
    if rows:
        key, staged = name(mart.entity.key), STAGED.of(mart.name)
        # Ids are text in the ledger, and may be numbers in the mart.
        wh.run(f"alter table {staged} alter {key} type text")
        wh.run(
            f"insert into {staged} by name "
            f"select _id, {quote(ERASED)} as _hash, _id as {key} from ({_vanished(mart)})"
        )
    return int(rows)


def _vanished(mart: Mart) -> str:
    return (
        f"select d._id from {DELIVERED.of(mart.name)} d "
        f"where d._hash is distinct from {quote(ERASED)} "
        f"and not exists (from {MART_KEYS.of(mart.name)} k where k._id = d._id)"
    )
