"""The judgement of a mart's delta: which rows can be sent, and why the others cannot."""

from exporter import checks, chunk
from exporter.config import Limits
from exporter.delta import Delta, find_delta
from exporter.entries import EntityCounts
from exporter.errors import WarehouseError
from exporter.ledger import Ledger
from exporter.manifest import OWN_COLUMNS, Mart, Marts
from exporter.marts import CONTACTS, DEFAULT_STATUSES, LISTS, ORDER_STATUSES, ORDERS, Kind
from exporter.warehouse import Attached, quote

_TYPES = {Kind.DATETIME: "TIMESTAMP", Kind.DATE: "DATE"}


def check_relation(wh: Attached, mart: Mart) -> None:
    """Compare a mart in the warehouse with its declaration; WarehouseError names the columns."""
    there = wh.columns(mart.schema, mart.table)
    relation = f"{mart.schema}.{mart.table}"
    if not there:
        raise WarehouseError(f"There is no mart {relation} in the warehouse: run `dbt build`.")
    missing = [c for c in (*(c.name for c in mart.columns), *OWN_COLUMNS) if c not in there]
    if missing:
        raise WarehouseError(
            f"Mart {relation} has no column {', '.join(missing)}, which its YAML declares: "
            "run `dbt build --full-refresh`."
        )
    for column in mart.columns:
        if there[column.name] != _TYPES.get(column.kind, there[column.name]):
            raise WarehouseError(
                f"Mart {relation}: {column.name} is {there[column.name]}, and must be "
                f"{_TYPES[column.kind]}: a time is the wall clock's in the counter's zone."
            )


class Judge:
    """Judges the marts one after another. Writes to the staging tables only."""

    def __init__(
        self, wh: Attached, ledger: Ledger, marts: Marts, limits: Limits, *, presume: bool
    ) -> None:
        """Look at nothing yet.

        With `presume`, what the earlier marts have to send counts as sent when orders are
        judged, which is what a plan must suppose.
        """
        self.wh, self.ledger, self.marts = wh, ledger, marts
        self.limits, self._presume = limits, presume
        self._judged: set[str] = set()

    def judge(self, mart: Mart, *, everything: bool) -> Delta:
        """Stage the delta of a mart, judge its rows and lay out the sendable ones."""
        check_relation(self.wh, mart)
        everything = everything or mart.entity in LISTS
        delta = find_delta(self.wh, self.ledger, mart, everything=everything)
        if mart.entity is ORDERS:
            self._know(ORDER_STATUSES.name, DEFAULT_STATUSES)
            self._know(CONTACTS.name, ())
        self.wh.run(f"create or replace table problems_{mart.name} as {checks.problems(mart)}")
        chunk.lay_out(self.wh, mart, self.limits)
        self.wh.run(
            f"insert into problems_{mart.name} select _row, {quote(checks.HELD)}, null, "
            f"'row_too_large', null from sendable_{mart.name} where _pos is null"
        )
        self._judged.add(mart.name)
        return delta

    def _know(self, entity: str, others: tuple[str, ...]) -> None:
        """Make `delivered_<entity>` and `verdicts_now_<entity>` for the rules of orders."""
        planned = ""
        if self._presume and entity in self._judged:
            planned = f"union select _id from sendable_{entity} where _pos is not null"
        listed = " ".join(f"union select {quote(other)}" for other in others)
        self.wh.run(
            f"create or replace table delivered_{entity} as "
            f"select _id from {self.ledger.delivered(entity)} {planned} {listed}"
        )
        if entity in self._judged:
            verdicts = f"({self.verdicts(self.marts.get(entity))})"
        else:
            verdicts = self.ledger.verdicts(entity)
        self.wh.run(
            f"create or replace table verdicts_now_{entity} as "
            f"select _id from {verdicts} where _id is not null"
        )

    def verdicts(self, mart: Mart) -> str:
        """Return the query of all verdicts of a mart as they stand after this pass."""
        return (
            f"select _id, _hash, _state, _column, _reason, _detail from kept_{mart.name} "
            "union all select s._id, s._hash, p._state, p._column, p._reason, p._detail "
            f"from staged_{mart.name} s join problems_{mart.name} p on p._row = s.rowid"
        )

    def counts(self, delta: Delta, sent: int, uploads: int) -> EntityCounts:
        """Return what became of every row of the mart."""
        rejected, held = self.wh.row(
            f"select count(*) filter (_state = {quote(checks.REJECTED)}), "
            f"count(*) filter (_state = {quote(checks.HELD)}) from ({self.verdicts(delta.mart)})"
        )
        return EntityCounts(delta.mart_rows, sent, delta.unchanged, rejected, held, uploads)

    def sendable(self, mart: Mart) -> int:
        """Return how many rows the pass has found fit to be sent."""
        (rows,) = self.wh.row(f"select count(_pos) from sendable_{mart.name}")
        return int(rows)
