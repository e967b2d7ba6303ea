"""The checksum of rows: their count, and the sum of a number for each row hash.

The warehouse computes the numbers and the sum, so no row of the mart is transferred.
"""

from decimal import Decimal

from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.sql import array

Checksum = tuple[int, Decimal]
"""The number of rows, and the sum."""


def of_rows(wh: Attached, source: str) -> Checksum:
    """Return the checksum of warehouse rows; `source` follows FROM and has `m.row_hash`.

    A row without a hash is counted and adds 0 to the sum.
    """
    total = f"cast(coalesce(sum({hash_number('m.row_hash', postgres=wh.is_postgres)}), 0) as text)"
    query = f'select count(*) as "n", {total} as "total" from {source}'
    rows, found = wh.row(f'select "n", "total" from {wh.remote(query)}')
    return int(rows), Decimal(found)


def without(total: Checksum, part: Checksum) -> Checksum:
    """Return the checksum of the rows of `total` that are not in `part`."""
    return total[0] - part[0], total[1] - part[1]


def of_hashes(wh: Attached, hashes: str) -> Checksum:
    """Return the checksum of the hashes (`_hash`) of a query over local tables."""
    found = [text for (text,) in wh.rows(f"select hex(_hash) from ({hashes})")]
    not_null = [text for text in found if text is not None]
    total = Decimal(0)
    for i in range(0, len(not_null), _BATCH):
        batch = array(not_null[i : i + _BATCH], postgres=wh.is_postgres)
        _, part = of_rows(wh, f"(select unnest({batch}) as row_hash) m")
        total += part
    return len(found), total


_BATCH = 20_000
"""Hashes in one statement to the warehouse."""


def hash_number(text: str, *, postgres: bool) -> str:
    """Return SQL for a 64-bit number that depends on a text only."""
    if postgres:
        return f"hashtextextended({text}, 0)"
    return f"if({text} is null, 0, hash({text}))"
