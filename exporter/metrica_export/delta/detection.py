"""The delta: the rows of a mart whose present hash is not the one that Metrica has.

The comparison is by hash. The watermark only narrows it to the rows at or after the
greatest `updated_at` of the last complete pass, and is believed only as far as the rows
behind it can be shown to be the same ones as then: their count and the sum of their
hashes must be what the last pass saw. If not (a late commit, a full refresh, a deleted
row), everything is compared.
"""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal

from metrica_export.delta import checksum
from metrica_export.delta.checksum import Fingerprint
from metrica_export.delta.comparison import compare, compare_nothing, count_unchanged, keep_verdicts
from metrica_export.delta.delivered_state import read_known
from metrica_export.delta.vanished import count_vanished
from metrica_export.errors import LedgerError, WarehouseError
from metrica_export.ledger.reader import Ledger
from metrica_export.ledger.records import Watermark
from metrica_export.metrica.formats import LISTS
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart
from metrica_export.warehouse.mart_source import MartSource
from metrica_export.warehouse.sql import quote


@dataclass(frozen=True, slots=True)
class Delta:
    """What a pass over one mart has found; the rows are in the staging tables.

    `staged_<mart>` holds the rows to judge: `_id`, `_hash`, `_updated_at` and the mart's
    columns. `kept_<mart>` holds the verdicts that still stand. Every row of the mart is
    staged, unchanged, or has a kept verdict: the three counts add up to `mart_rows`. `vanished`
    counts delivered rows that are no longer in the mart; of a list they are not counted.
    """

    mart: Mart
    mart_rows: int
    staged: int
    unchanged: int
    kept: int
    watermark: Watermark | None
    widened: bool = False
    vanished: int = 0


def find_delta(
    wh: Attached, ledger: Ledger, mart: Mart, *, everything: bool, marked: bool
) -> Delta:
    """Stage the rows of a mart that are not in Metrica in their present state.

    `everything` compares the whole mart whatever the watermark says (`--reconcile`). `marked`
    finds the next watermark, too, which a plan does not need.
    """
    finder = _Finder(wh, ledger, mart)
    before = None if everything else ledger.watermark(mart.name)
    since = before and before.updated_at
    if before and since:
        with wh.transaction():
            found = finder.in_window(before, since)
        if found is not None:
            return found
    # Not in one transaction: of what it has made itself DuckDB then reads with one thread only.
    for _ in range(_TRIES):
        found = finder.in_everything(marked=marked)
        if found is not None:
            return replace(found, widened=since is not None)
    raise WarehouseError(
        f"Mart {mart.name} read twice in a row was never the same: run again when dbt has ended."
    )


_TRIES = 5
"""A build that commits while a mart is read makes it start anew."""


class _Finder:
    def __init__(self, wh: Attached, ledger: Ledger, mart: Mart) -> None:
        self.wh, self.ledger, self.mart = wh, ledger, mart
        self.source = MartSource(wh, mart)
        self.relation, self.key = self.source.relation, self.source.key

    def in_everything(self, *, marked: bool) -> Delta | None:
        """Stage the delta of the whole mart; None if it changed meanwhile."""
        # A list is short, and its few ids are looked up.
        keys = f"select {self.key} as _id from {self.relation} m"
        among = keys if self.mart.entity in LISTS else None
        read_known(self.wh, self.ledger, self.mart, among=among)
        self._read_verdicts()
        is_new = self._is_new()
        # One snapshot. What a transaction has made DuckDB reads slowly until it has ended.
        with self.wh.transaction():
            if is_new:
                self._stage_all()
            else:
                self._read_keys(None)
            seen = checksum.of_rows(self.wh, f"{self.relation} m") if marked else None
        if not is_new and not self._stage(None):
            return None
        vanished = 0 if among else count_vanished(self.wh, self.mart)
        return self._count(None, seen, (0, Decimal(0)), vanished)

    def in_window(self, before: Watermark, since: str) -> Delta | None:
        """Stage the delta at or after `since`; None if the rows behind it have changed."""
        mart = self.mart.name
        self._read_verdicts()
        window = (
            f"(m.updated_at >= timestamptz {quote(since)} or m.updated_at is null "
            f"or {self.key} is null{self._held()})"
        )
        self._read_keys(window)
        behind = checksum.of_rows(self.wh, f"{self.relation} m where not {window}")
        read_known(self.wh, self.ledger, self.mart, among=f"select _id from seen_{mart}")
        seen = checksum.of_hashes(self.wh, self._last_seen())
        if not before.covers(behind, seen) or not self._stage(window):
            return None
        seen = checksum.of_hashes(self.wh, f"from seen_{mart}")
        # Had a row left the mart, or come back to it, the fingerprints would differ.
        return self._count(since, seen, behind, before.vanished)

    def _held(self) -> str:
        held = f'select "_id" from verdicts_{self.mart.name} where "_state" <> \'rejected\''
        ids = self.wh.few(held)
        if ids is None:
            return f" or {self.key} in ({self.ledger.held_ids(self.mart.name)})"
        return f" or {self.key} = any({ids})"

    def _is_new(self) -> bool:
        mart = self.mart.name
        told = f"select 1 from known_{mart} union all select 1 from verdicts_{mart} limit 1"
        return not self.wh.rows(told)

    def _stage_all(self) -> None:
        # Nothing to compare with: the mart is read once, its keys together with the rest.
        mart = self.mart.name
        self._table("staged", f"select * from {self.source.rows()} as mart")
        self.wh.run(f"drop table if exists seen_{mart}")
        self.wh.run(
            f'create view seen_{mart} as select "_id", "_hash", "_updated_at" from staged_{mart}'
        )
        compare_nothing(self.wh, mart)

    def _read_keys(self, window: str | None) -> None:
        self._table("seen", f"select * from {self.source.keys(window)}")

    def _read_verdicts(self) -> None:
        self._table("verdicts", f"select * from {self.ledger.verdicts(self.mart.name)}")

    def _last_seen(self) -> str:
        # What the last pass saw of the ids in the window: their verdict, else what was sent.
        mart = self.mart.name
        return f"""
            with judged as (
                select "_id", "_hash" from verdicts_{mart}
                where "_id" is null or "_id" in (select "_id" from seen_{mart})
            )
            select "_hash" from judged
            union all
            select "_hash" from known_{mart}
            where "_id" in (select "_id" from seen_{mart})
                and "_id" not in (select "_id" from judged where "_id" is not null)
        """

    def _stage(self, window: str | None) -> bool:
        """Stage what has changed; False when it has changed once more since its keys were read."""
        mart = self.mart.name
        compare(self.wh, mart)
        # In one snapshot: how rows are read depends on the values in the mart.
        with self.wh.transaction() if window is None else nullcontext():
            self._stage_changed(window)
        sums = "select count(*), sum(hash(_id, _hash))"
        wanted = f'"_id" is null or "_id" in (select "_id" from changed_{mart})'
        read_twice = f"{sums} from staged_{mart} union {sums} from seen_{mart} where {wanted}"
        if len(self.wh.rows(read_twice)) > 1:
            return False
        keep_verdicts(self.wh, mart, beyond=window is not None)
        return True

    def _stage_changed(self, window: str | None) -> None:
        mart = self.mart.name
        changed = f'select "_id" from changed_{mart}'
        ids = self.wh.few(f'{changed} where "_id" is not null')
        if ids is not None:
            # Few are looked up where the index is.
            window = f"({self.key} = any({ids}) or {self.key} is null)"
        source = self.source.rows(window)
        self._table(
            "staged", f'select * from {source} as mart where "_id" in ({changed}) or "_id" is null'
        )

    def _count(
        self, since: str | None, seen: Fingerprint | None, behind: Fingerprint, vanished: int
    ) -> Delta:
        mart = self.mart.name
        (now,) = self.wh.row(
            f"select cast(now as text) from {self.wh.remote('select now() as now')}"
        )
        earlier = "null" if since is None else quote(since)
        rows, staged, latest = self.wh.row(
            f"""
            select (select count(*) from seen_{mart}), (select count(*) from staged_{mart}),
                cast(greatest(cast({earlier} as timestamptz), (
                    select max("_updated_at") from seen_{mart}
                    where "_updated_at" between timestamptz '1970-01-01 00:00:00+00'
                        and timestamptz {quote(now)}
                )) as text)
            """
        )
        kept, kept_seen, same = count_unchanged(self.wh, mart)
        if staged + kept_seen + same != rows:
            raise LedgerError(
                f"Mart {mart}: {rows} rows were compared with the ledger, and they are {staged} "
                f"new or changed, {kept_seen} rejected before and {same} unchanged, which does "
                "not add up: the ledger is damaged."
            )
        rows += behind[0]
        return Delta(
            mart=self.mart,
            mart_rows=rows,
            staged=staged,
            # Behind the watermark every row is as the last pass left it: rejected, or sent.
            unchanged=same + behind[0] - (kept - kept_seen),
            kept=kept,
            watermark=Watermark(latest, rows, seen[1] + behind[1], vanished) if seen else None,
            vanished=vanished,
        )

    def _table(self, kind: str, query: str) -> None:
        self.wh.run(f"create or replace table {kind}_{self.mart.name} as {query}")
