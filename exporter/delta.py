"""The delta: the rows of a mart whose present hash is not the one that Metrica has.

The comparison is by hash. The watermark only narrows it to the rows at or after the
greatest `updated_at` of the last complete pass, and is believed only as far as the rows
behind it can be shown to be the same ones as then: their count and the sum of their
hashes must be what the last pass saw. If not (a late commit, a full refresh, a deleted
row), everything is compared.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from exporter.entries import Watermark
from exporter.errors import LedgerError
from exporter.ledger import Ledger
from exporter.manifest import STATUS_PATH, Mart
from exporter.prior import read_known
from exporter.warehouse import Attached, name, quote, relation


@dataclass(frozen=True, slots=True)
class Delta:
    """What a pass over one mart has found; the rows are in the staging tables.

    `staged_<mart>` holds the rows to judge: `_id`, `_hash`, `_updated_at` and the mart's
    columns. `kept_<mart>` holds the verdicts that still stand. Every row of the mart is
    staged, unchanged, or has a kept verdict: the three counts add up to `mart_rows`.
    """

    mart: Mart
    mart_rows: int
    staged: int
    unchanged: int
    kept: int
    watermark: Watermark
    widened: bool = False


def find_delta(wh: Attached, ledger: Ledger, mart: Mart, *, everything: bool) -> Delta:
    """Stage the rows of a mart that are not in Metrica in their present state.

    `everything` compares the whole mart whatever the watermark says (`--reconcile`).
    """
    finder = _Finder(wh, ledger, mart)
    with wh.transaction():
        before = None if everything else ledger.watermark(mart.name)
        if before is None or before.updated_at is None:
            return finder.in_everything()
        found = finder.in_window(before, before.updated_at)
        if found is not None:
            return found
        return replace(finder.in_everything(), widened=True)


class _Finder:
    def __init__(self, wh: Attached, ledger: Ledger, mart: Mart) -> None:
        self.wh, self.ledger, self.mart = wh, ledger, mart
        self.relation = relation(mart.schema, mart.table)
        self.key = f"cast(m.{name(mart.entity.key)} as text)"

    def in_everything(self) -> Delta:
        """Stage the delta of the whole mart."""
        self._read_ledger(None)
        if self._is_new():
            return self._count(self._stage_all(), 0, Decimal(0), None)
        self._read_keys(None)
        return self._stage_and_count(None, 0, Decimal(0), None)

    def in_window(self, before: Watermark, since: str) -> Delta | None:
        """Stage the delta at or after `since`; None if the rows behind it have changed."""
        held = self.ledger.held_ids(self.mart.name)
        window = (
            f"(m.updated_at >= timestamptz {quote(since)} or m.updated_at is null "
            f"or {self.key} is null or {self.key} in ({held}))"
        )
        self._read_keys(window)
        self._read_ledger(window)
        rows, total = self._behind(window)
        last_rows, last_total = self._last_seen()
        if (rows, total) != (before.mart_rows - last_rows, before.fingerprint - last_total):
            return None
        return self._stage_and_count(window, rows, total, before)

    def _is_new(self) -> bool:
        mart = self.mart.name
        told = f"select 1 from known_{mart} union all select 1 from verdicts_{mart} limit 1"
        return not self.wh.rows(told)

    def _stage_all(self) -> int:
        # Nothing to compare with: the mart is read once, its keys together with the rest.
        mart = self.mart.name
        self._table("staged", f"select * from {self._read(self._columns(), None)} as mart")
        self.wh.run(f"drop table if exists seen_{mart}")
        self.wh.run(
            f'create view seen_{mart} as select "_id", "_hash", "_updated_at" from staged_{mart}'
        )
        self._table("changed", f'select "_id" from seen_{mart} where false')
        self._table("kept", f"select * from verdicts_{mart}")
        return int(self.wh.row(f"select count(*) from staged_{mart}")[0])

    def _columns(self) -> str:
        own = [STATUS_PATH] if self.mart.has_path else []
        names = [*(column.name for column in self.mart.columns), *own]
        return ", ".join([self._keys(), *(f"m.{name(column)}" for column in names)])

    def _keys(self) -> str:
        return f'{self.key} as "_id", m.row_hash as "_hash", m.updated_at as "_updated_at"'

    def _read(self, columns: str, window: str | None) -> str:
        if window is None:
            return f"(select {columns} from {self.relation} m)"
        return self.wh.remote(f"select {columns} from {self.relation} m where {window}")

    def _read_keys(self, window: str | None) -> None:
        self._table("seen", f"select * from {self._read(self._keys(), window)}")

    def _read_ledger(self, window: str | None) -> None:
        read_known(self.wh, self.ledger, self.mart, only_seen=window is not None)
        self._table("verdicts", f"select * from {self.ledger.verdicts(self.mart.name)}")

    def _behind(self, window: str) -> tuple[int, Decimal]:
        if self.wh.is_postgres:
            bits = "('x' || substr(m.row_hash, 1, 15))::bit(60)::bigint"
        else:
            bits = "('0x' || substr(m.row_hash, 1, 15))::bigint"
        query = (
            f'select count(*) as "n", cast(coalesce(sum({bits}), 0) as text) as "total" '
            f"from {self.relation} m where not {window}"
        )
        rows, total = self.wh.row(f'select "n", "total" from {self.wh.remote(query)}')
        return rows, Decimal(total)

    def _last_seen(self) -> tuple[int, Decimal]:
        # What the last pass saw of the ids in the window: their verdict, else what was sent.
        rows, total = self.wh.row(
            f"""
            with judged as (
                select "_id", "_hash" from verdicts_{self.mart.name}
                where "_id" is null or "_id" in (select "_id" from seen_{self.mart.name})
            ),
            last as (
                select "_hash" from judged
                union all
                select "_hash" from known_{self.mart.name}
                where "_id" in (select "_id" from seen_{self.mart.name})
                    and "_id" not in (select "_id" from judged where "_id" is not null)
            )
            select count(*), cast(coalesce(sum({_BITS}), 0) as text) from last
            """
        )
        return rows, Decimal(total)

    def _stage_and_count(
        self, window: str | None, behind_rows: int, behind_sum: Decimal, before: Watermark | None
    ) -> Delta:
        return self._count(self._stage(window), behind_rows, behind_sum, before)

    def _stage(self, window: str | None) -> int:
        mart = self.mart.name
        # A duplicated id is always judged: which of its rows is right, nobody can say here.
        self._table(
            "changed",
            f"""
            select distinct s."_id"
            from seen_{mart} s
            left join known_{mart} k on k."_id" = s."_id"
            left join verdicts_{mart} v
                on v."_id" = s."_id" and v."_hash" = s."_hash" and v."_state" = 'rejected'
            where s."_hash" is null
                or ((k."_hash" is distinct from s."_hash" or k."_undecided") and v."_id" is null)
            union
            select "_id" from seen_{mart} group by "_id" having count(*) > 1
            """,
        )
        self._table(
            "staged",
            f"""
            select * from {self._read(self._columns(), window)} as mart
            where "_id" in (select "_id" from changed_{mart}) or "_id" is null
            """,
        )
        self._table(
            "kept",
            f"""
            select v.* from verdicts_{mart} v
            left join seen_{mart} s on s."_id" = v."_id"
            where v."_id" is not null
                and v."_id" not in (select "_id" from changed_{mart} where "_id" is not null)
                and case
                    when s."_id" is null then {"false" if window is None else "true"}
                    else v."_state" = 'rejected' and v."_hash" = s."_hash"
                        and not exists (
                            select 1 from known_{mart} k
                            where k."_id" = s."_id" and k."_hash" = s."_hash"
                        )
                end
            """,
        )
        return int(self.wh.row(f"select count(*) from staged_{mart}")[0])

    def _count(
        self, staged: int, behind_rows: int, behind_sum: Decimal, before: Watermark | None
    ) -> Delta:
        mart = self.mart.name
        now = self.wh.remote("select now() as now")
        earlier = quote(before.updated_at) if before and before.updated_at else "null"
        seen, total, latest = self.wh.row(
            f"""
            select count(*), cast(coalesce(sum({_BITS}), 0) as text),
                cast(greatest(cast({earlier} as timestamptz), max("_updated_at") filter (
                    "_updated_at" <= (select now from {now})
                )) as text)
            from seen_{mart}
            """
        )
        kept, kept_seen, same = self.wh.row(
            f"""
            select
                (select count(*) from kept_{mart}),
                (select count(*) from kept_{mart}
                where "_id" in (select "_id" from seen_{mart})),
                (select count(*) from seen_{mart} s
                join known_{mart} k on k."_id" = s."_id" and k."_hash" = s."_hash"
                where s."_id" not in
                    (select "_id" from changed_{mart} where "_id" is not null))
            """
        )
        if staged + kept_seen + same != seen:
            raise LedgerError(
                f"Mart {mart}: {seen} rows were compared with the ledger, and they are {staged} "
                f"new or changed, {kept_seen} rejected before and {same} unchanged, which does "
                "not add up: the ledger is damaged, or the mart changed while it was read."
            )
        # Behind the watermark every row is as the last pass left it: rejected, or sent.
        unchanged = same + behind_rows - (kept - kept_seen)
        return Delta(
            mart=self.mart,
            mart_rows=behind_rows + seen,
            staged=staged,
            unchanged=unchanged,
            kept=kept,
            watermark=Watermark(latest, behind_rows + seen, behind_sum + Decimal(total)),
        )

    def _table(self, kind: str, query: str) -> None:
        self.wh.run(f"create or replace table {kind}_{self.mart.name} as {query}")


_BITS = """('0x' || substr("_hash", 1, 15))::bigint"""
