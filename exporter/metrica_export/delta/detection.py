"""The delta: the rows of a mart whose hash differs from the delivered one.

The comparison is by hash. The watermark only narrows it to the rows at or after the greatest
`updated_at` of the last complete pass. It is trusted only if the count and the checksum of the
rows behind it did not change since that pass. If they changed (a late commit, a full refresh, a
deleted row), all rows are compared.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal

from metrica_export.delta import checksum
from metrica_export.delta.checksum import Checksum
from metrica_export.delta.comparison import compare, compare_new, count_unchanged, keep_verdicts
from metrica_export.delta.delivered_state import read_delivered
from metrica_export.delta.delta import Delta, Scope
from metrica_export.delta.vanished import count_vanished
from metrica_export.errors import LedgerError, WarehouseError
from metrica_export.ledger.reader import Ledger
from metrica_export.ledger.records import Watermark
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.mart_source import MartSource
from metrica_export.warehouse.sql import array, quote
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import (
    CHANGED_IDS,
    DELIVERED,
    MART_KEYS,
    RECORDED_VERDICTS,
    STAGED,
    tables_of,
)
from metrica_export.warehouse.staging_table import StagingTable


def find_delta(wh: Attached, ledger: Ledger, mart: Mart, scope: Scope) -> Delta:
    """Stage the rows of a mart that Metrica does not have in their present state."""
    detection, ids = _Detection(wh, ledger, mart), scope.ids
    if ids is not None:
        return _retried(mart, lambda: detection.of_ids(ids))
    before = None if scope.everything else ledger.watermark(mart.name)
    since = before and before.updated_at
    if before and since:
        with wh.transaction():
            found = detection.in_window(before, since)
        if found is not None:
            return found
    # Without a transaction around it: DuckDB would read its new tables with one thread only.
    found = _retried(mart, lambda: detection.in_everything(scope))
    return replace(found, widened=since is not None)


def _retried(mart: Mart, read: Callable[[], Delta | None]) -> Delta:
    for _ in range(_READS):
        if (found := read()) is not None:
            return found
    raise WarehouseError(
        f"Mart {mart.name} changed during all {_READS} reads. Wait for dbt to finish and rerun."
    )


_READS = 5
"""Maximum number of reads. A build that commits during a read makes it start again."""


_NOTHING = (0, Decimal(0))
"""The checksum of no row."""


class _Detection:
    """One pass over one mart."""

    def __init__(self, wh: Attached, ledger: Ledger, mart: Mart) -> None:
        self._wh, self._ledger, self._mart = wh, ledger, mart
        self._source = MartSource(wh, mart)
        self._tables = tables_of(mart.name)

    def in_everything(self, scope: Scope) -> Delta | None:
        """Stage the delta of the whole mart; None if the mart changed during the read."""
        relation = self._source.relation
        # A reference list is short, and its few ids are looked up.
        is_list = self._mart.entity.is_reference_list
        keys = f"select {self._source.key} as _id from {relation} m"
        read_delivered(self._wh, self._ledger, self._mart, among=keys if is_list else None)
        self._read_verdicts()
        is_new = self._is_new()
        # One snapshot. DuckDB reads the tables of an open transaction slowly.
        with self._wh.transaction():
            if is_new:
                self._stage_all()
            else:
                self._fill(MART_KEYS, f"select * from {self._source.keys()}")
            present = checksum.of_rows(self._wh, f"{relation} m") if scope.with_watermark else None
        if not is_new and not self._stage(None, beyond_window=False):
            return None
        return self._count(None, present, _NOTHING, self._count_vanished())

    def in_window(self, before: Watermark, since: str) -> Delta | None:
        """Stage the delta at or after `since`; None if the rows behind it have changed."""
        wh, key, relation = self._wh, self._source.key, f"{self._source.relation} m"
        self._read_verdicts()
        recent = (
            f"(m.updated_at >= timestamptz {quote(since)} or m.updated_at is null or {key} is null)"
        )
        window, keys = recent, f"from {self._source.keys(recent)}"
        behind = checksum.of_rows(wh, f"{relation} where not {recent}")
        held = self._held()
        if held is not None:
            # Queries of their own: with `or`, PostgreSQL could use no index and no second process.
            old = f"not {recent} and {key} in {held}"
            window = f"({recent} or {key} in {held})"
            keys += f" union all from {self._source.keys(old)}"
            behind = checksum.without(behind, checksum.of_rows(wh, f"{relation} where {old}"))
        self._fill(MART_KEYS, keys)
        ids = f"select _id from {self._of(MART_KEYS)}"
        read_delivered(wh, self._ledger, self._mart, among=ids)
        last_hashes = render(__package__, "last_hashes", **self._tables)
        is_covered = before.covers(behind, checksum.of_hashes(wh, last_hashes))
        if not is_covered or not self._stage(window, beyond_window=True):
            return None
        in_window = checksum.of_hashes(wh, f"from {self._of(MART_KEYS)}")
        # A row that left the mart or came back would have changed the checksum.
        return self._count(since, in_window, behind, before.vanished)

    def of_ids(self, ids: Sequence[str]) -> Delta | None:
        """Stage the delta of the rows with these ids; None if they changed during the read."""
        hexes, is_postgres = [key.encode().hex() for key in ids], self._wh.is_postgres
        window = f"{self._source.key} in (select unnest({array(hexes, postgres=is_postgres)}))"
        among = f"select unnest({array(hexes, postgres=False)}) as _id"
        self._read_verdicts()
        self._fill(MART_KEYS, f"select * from {self._source.keys(window)}")
        read_delivered(self._wh, self._ledger, self._mart, among=among)
        if not self._stage(window, beyond_window=False):
            return None
        return self._count(None, None, _NOTHING, self._count_vanished())

    def _held(self) -> str | None:
        """Return the query of the ids that a run compares behind the watermark; None for none."""
        held = f'select "_id" from {self._of(RECORDED_VERDICTS)} where "_state" <> \'rejected\''
        if not self._wh.rows(f'{held} and "_id" is not null limit 1'):
            return None
        return self._wh.few(held) or f"({self._ledger.held_ids(self._mart.name)})"

    def _count_vanished(self) -> int:
        is_list = self._mart.entity.is_reference_list
        return 0 if is_list else count_vanished(self._wh, self._mart)

    def _is_new(self) -> bool:
        delivered, verdicts = self._of(DELIVERED), self._of(RECORDED_VERDICTS)
        return not self._wh.rows(
            f"select 1 from {delivered} union all select 1 from {verdicts} limit 1"
        )

    def _stage_all(self) -> None:
        # There is nothing to compare with, so the mart is read once, keys and cells together.
        keys, staged = self._of(MART_KEYS), self._of(STAGED)
        self._fill(STAGED, f"select * from {self._source.rows()} as mart")
        self._wh.run(f"drop table if exists {keys}")
        self._wh.run(f'create view {keys} as select "_id", "_hash", "_updated_at" from {staged}')
        compare_new(self._wh, self._mart.name)

    def _read_verdicts(self) -> None:
        self._fill(RECORDED_VERDICTS, f"select * from {self._ledger.verdicts(self._mart.name)}")

    def _stage(self, window: str | None, *, beyond_window: bool) -> bool:
        """Stage the changed rows; False if they changed again since their keys were read.

        With `beyond_window`, the verdicts of rows that were not compared still hold.
        """
        compare(self._wh, self._mart.name)
        # In one snapshot: the values in the mart decide on the way to read them.
        with self._wh.transaction() if window is None else nullcontext():
            self._stage_changed(window)
        keys, staged, changed = (self._of(each) for each in (MART_KEYS, STAGED, CHANGED_IDS))
        sums = "select count(*), sum(hash(_id, _hash))"
        wanted = f'"_id" is null or "_id" in (select "_id" from {changed})'
        both = f"{sums} from {staged} union {sums} from {keys} where {wanted}"
        if len(self._wh.rows(both)) > 1:
            return False
        keep_verdicts(self._wh, self._mart.name, beyond_window=beyond_window)
        return True

    def _stage_changed(self, window: str | None) -> None:
        changed = f'select "_id" from {self._of(CHANGED_IDS)}'
        ids = self._wh.few(f'{changed} where "_id" is not null')
        if ids is not None:
            # Few ids are looked up on the server, so that no other row is read from it.
            window = f"{self._source.key} in {ids}"
            if self._wh.rows(f'select 1 from {self._of(MART_KEYS)} where "_id" is null limit 1'):
                # Only then, because it makes the server look at every row.
                window = f"({window} or {self._source.key} is null)"
        rows = self._source.rows(window)
        wanted = f'"_id" in ({changed}) or "_id" is null'
        self._fill(STAGED, f"select * from {rows} as mart where {wanted}")

    def _count(
        self, since: str | None, compared: Checksum | None, behind: Checksum, vanished: int
    ) -> Delta:
        wh, mart = self._wh, self._mart.name
        (now,) = wh.row(f"select cast(now as text) from {wh.in_ledger('select now() as now')}")
        since = "null" if since is None else quote(since)
        counts = render(__package__, "pass_counts", since=since, now=quote(now), **self._tables)
        rows, staged, latest = wh.row(counts)
        standing, standing_in_window, same = count_unchanged(wh, mart)
        if staged + standing_in_window + same != rows:
            raise LedgerError(
                f"The ledger is damaged: of {rows} compared rows of mart {mart}, {staged} are new "
                f"or changed, {standing_in_window} rejected before and {same} unchanged, which "
                "does not add up. Restore the ledger from a backup, then run `metrica-export "
                "recover`."
            )
        rows += behind[0]
        return Delta(
            mart=self._mart,
            mart_rows=rows,
            staged=staged,
            # Behind the watermark every row is still rejected or delivered.
            unchanged=same + behind[0] - (standing - standing_in_window),
            standing=standing,
            watermark=compared and Watermark(latest, rows, compared[1] + behind[1], vanished),
            vanished=vanished,
        )

    def _of(self, table: StagingTable) -> str:
        return table.of(self._mart.name)

    def _fill(self, table: StagingTable, query: str) -> None:
        self._wh.run(f"create or replace table {self._of(table)} as {query}")
