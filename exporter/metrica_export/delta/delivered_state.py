"""What Metrica was told before of the rows of a mart."""

from metrica_export.ledger.reader import Ledger
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart

_MAX_BITS = 62
"""Columns beyond it are not watched; a signed 64-bit number holds no more bits."""


def read_known(wh: Attached, ledger: Ledger, mart: Mart, *, among: str | None) -> None:
    """Make `known_<mart>`: of each delivered id the hash that Metrica has (`_id`, `_hash`).

    `_undecided` says that a later delivery may have arrived or not, so that nobody knows what
    Metrica has. With `among`, of the ids (`_id`) of that query alone.
    """
    _read_told(wh, ledger.deliveries(mart.name, among), among)
    wh.run(
        f"""
        create or replace table known_{mart.name} as
        with latest as (
            select _id, max(_upload_no) filter (_passed) as _no,
                max(_upload_no) filter (not _passed) as _perhaps_no
            from told group by _id
        )
        select _id, t._hash, coalesce(_perhaps_no > _no, false) as _undecided
        from latest join told t using (_id)
        where t._upload_no = _no
        """
    )


def read_prior(wh: Attached, ledger: Ledger, mart: Mart) -> None:
    """Make `prior_<mart>`: one line for each staged row that was delivered, or may have been.

    `_row` is the row's in `staged_<mart>`; `_delivered` says whether a delivery has PASSED;
    `_status`, `_step` and `_filled` are what the last such said, `_filled` with what later ones
    may have said. `_perhaps_step` is the greatest step of later deliveries that may have arrived.
    `_created` is the creation date that went first, certainly or perhaps: Metrica never changes
    it again (modes).
    """
    among = f"select _id from staged_{mart.name}"
    _read_told(wh, ledger.details(mart.name, among), among)
    wh.run(
        f"""
        create or replace table prior_{mart.name} as
        with summed as (
            select _id, max(_upload_no) filter (_passed) as _no,
                bit_or(_filled) filter (not _passed) as _perhaps_filled,
                arg_min(_created, _upload_no) as _created
            from told group by _id
        ),
        perhaps as (
            select told._id, max(told._step) as _step
            from told join summed on summed._id = told._id
            where not told._passed and told._upload_no > coalesce(summed._no, -1)
            group by told._id
        )
        select s.rowid as _row, _no is not null as _delivered, summed._created, t._status, t._step,
            t._filled | coalesce(_perhaps_filled, 0) as _filled, perhaps._step as _perhaps_step
        from summed
        left join perhaps on perhaps._id = summed._id
        join staged_{mart.name} s on s._id = summed._id
        left join told t on t._id = summed._id and t._upload_no = _no
        """
    )


def read_no_prior(wh: Attached, mart: Mart) -> None:
    """Make the same table for a mart of which nothing is staged."""
    wh.run(
        f"create or replace table prior_{mart.name} (_row bigint, _delivered boolean, "
        "_created timestamp, _status text, _step integer, _filled bigint, "
        "_perhaps_step integer)"
    )


def _read_told(wh: Attached, deliveries: str, among: str | None) -> None:
    # Apart from the sums over it: DuckDB sums up texts in memory only, and joins them on disk.
    seen = f"where _id in ({among})" if among else ""
    wh.run(f"create or replace table told as select * from {deliveries} {seen}")


def bits(ledger: Ledger, mart: Mart) -> dict[str, int]:
    """Return column → number of its bit in `filled`; a column that is new takes the next one."""
    found = ledger.column_bits(mart.name)
    for column in mart.columns:
        if column.name not in found and len(found) < _MAX_BITS:
            found[column.name] = len(found)
    return found


def filled(numbers: dict[str, int], empty: dict[str, str]) -> str:
    """Return SQL for the bits of the columns but those whose condition of `empty` is true."""
    parts = [
        f"if({condition}, 0, {1 << numbers[column]})"
        for column, condition in empty.items()
        if column in numbers
    ]
    return f"cast({' + '.join(parts) or '0'} as bigint)"
