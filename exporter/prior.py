"""What Metrica was told before of the rows of a mart."""

from exporter.ledger import Ledger
from exporter.manifest import Mart
from exporter.warehouse import Attached

_MAX_BITS = 62
"""Columns beyond it are not watched; a signed 64-bit number holds no more bits."""


def read_known(wh: Attached, ledger: Ledger, mart: Mart, *, only_seen: bool) -> None:
    """Make `known_<mart>`: of each delivered id the hash that Metrica has (`_id`, `_hash`).

    `_undecided` says that a later delivery may have arrived or not, so that nobody knows what
    Metrica has. With `only_seen`, of the ids in `seen_<mart>` alone.
    """
    ids = f'select "_id" from seen_{mart.name}' if only_seen else None
    seen = f'where "_id" in ({ids})' if ids else ""
    wh.run(
        f"""
        create or replace table known_{mart.name} as
        with passed as (
            select "_id", arg_max("_hash", "_upload_no") as "_hash", max("_upload_no") as "_no"
            from {ledger.delivered(mart.name, ids)} {seen} group by "_id"
        ), undecided as (
            select "_id", max("_upload_no") as "_no"
            from {ledger.undecided(mart.name, ids)} {seen} group by "_id"
        )
        select p."_id", p."_hash", coalesce(u."_no" > p."_no", false) as "_undecided"
        from passed p left join undecided u on u."_id" = p."_id"
        """
    )


def read_prior(wh: Attached, ledger: Ledger, mart: Mart) -> None:
    """Make `prior_<mart>`: one line for each staged id that was delivered, or may have been.

    `_delivered` says whether a delivery has PASSED; `_status`, `_step` and `_filled` are what
    the last such said, `_filled` with what later ones may have said. `_created` is the creation
    date that went first, certainly or perhaps: Metrica never changes it again (modes).
    """
    ids = f"select _id from staged_{mart.name}"
    wh.run(
        f"""
        create or replace table prior_{mart.name} as
        with told as (
            select
                _id,
                bool_or(_passed) as _delivered,
                arg_max(
                    {{'status': _status, 'step': _step, 'filled': _filled}}, _upload_no
                ) filter (where _passed) as _last,
                bit_or(_filled) filter (where not _passed) as _perhaps_filled,
                arg_min(_created, _upload_no) as _created
            from {ledger.details(mart.name, ids)}
            where _id in ({ids})
            group by _id
        )
        select _id, _delivered, _created, _last.status as _status, _last.step as _step,
            _last.filled | coalesce(_perhaps_filled, 0) as _filled
        from told
        """
    )


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
