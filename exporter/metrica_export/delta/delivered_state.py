"""The delivered state of mart rows, read from the ledger."""

from metrica_export.ledger.reader import Ledger
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import DELIVERIES, STAGED, tables_of

_MAX_BITS = 62
"""Maximum number of columns in `_filled`, a signed 64-bit number. Later columns get no bit."""


def read_delivered(wh: Attached, ledger: Ledger, mart: Mart, *, among: str | None) -> None:
    """Fill `delivered`; a query `among` limits it to some ids (`_id`)."""
    _read_deliveries(wh, ledger.deliveries(mart.name, among), among)
    wh.run(render(__package__, "delivered", **tables_of(mart.name)))


def read_delivered_state(wh: Attached, ledger: Ledger, mart: Mart) -> None:
    """Fill `delivered_state` for the staged rows.

    The first creation date counts, PASSED or not: Metrica never changes it (page "Data upload
    modes").
    """
    among = f"select _id from {STAGED.of(mart.name)}"
    _read_deliveries(wh, ledger.details(mart.name, among), among)
    wh.run(render(__package__, "delivered_state", **tables_of(mart.name)))


def _read_deliveries(wh: Attached, deliveries: str, among: str | None) -> None:
    # A table of its own: DuckDB can join texts on disk, but aggregates them in memory only.
    wanted = f"where _id in ({among})" if among else ""
    wh.run(f"create or replace table {DELIVERIES.name} as select * from {deliveries} {wanted}")


def bits(ledger: Ledger, mart: Mart) -> dict[str, int]:
    """Return column → number of its bit in `_filled`; a new column takes the next bit."""
    found = ledger.column_bits(mart.name)
    for column in mart.columns:
        if column.name not in found and len(found) < _MAX_BITS:
            found[column.name] = len(found)
    return found


def filled(numbers: dict[str, int], empty: dict[str, str]) -> str:
    """Return SQL for the bits of the filled columns; `empty` maps a column to its condition."""
    parts = [
        f"if({condition}, 0, {1 << numbers[column]})"
        for column, condition in empty.items()
        if column in numbers
    ]
    return f"cast({' + '.join(parts) or '0'} as bigint)"
