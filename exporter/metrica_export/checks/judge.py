"""The judgement of a mart's delta: which rows can be sent, and why the others cannot."""

from dataclasses import replace

from metrica_export.checks import rules
from metrica_export.checks.chunks import Chunk, cut
from metrica_export.checks.sendable import Layout, find_paths, rows
from metrica_export.checks.suspicion import refused_last
from metrica_export.delta.delivered_state import bits, read_known, read_no_prior, read_prior
from metrica_export.delta.detection import Delta, find_delta
from metrica_export.delta.vanished import ERASED, stage_vanished
from metrica_export.delta.whole_list import keep_whole
from metrica_export.ledger.reader import Ledger
from metrica_export.ledger.records import EntityCounts
from metrica_export.metrica.formats import (
    CONTACTS,
    DEFAULT_STATUSES,
    LISTS,
    MAX_CATALOGUE,
    ORDER_STATUSES,
    ORDERS,
    SIMPLE_ORDERS,
)
from metrica_export.settings import Options
from metrica_export.warehouse.connection import Attached, relation
from metrica_export.warehouse.contract import wall_clock
from metrica_export.warehouse.dbt_manifest import Mart, Marts
from metrica_export.warehouse.sql import quote


class Judge:
    """Judges the marts one after another. Writes to the staging tables only."""

    def __init__(
        self, wh: Attached, ledger: Ledger, marts: Marts, options: Options, *, marked: bool
    ) -> None:
        """Look at nothing yet; `marked` as in `find_delta`."""
        self._marked = marked
        self.wh, self.ledger, self.marts = wh, ledger, marts
        self.limits, self.form = options.limits, options.form
        self._judged: set[str] = set()
        self._clock = ""
        self._staged: dict[str, int] = {}
        self.erase = options.erase_vanished
        self._layouts: dict[str, Layout] = {}
        self._chunks: dict[str, list[Chunk]] = {}

    def judge(self, mart: Mart, *, everything: bool) -> Delta:
        """Stage the delta of a mart, and judge it as if what goes before will arrive.

        Its relation has been compared with its declaration (`check_relation`).
        """
        everything = everything or mart.entity in LISTS or mart.name == self.erase
        delta = find_delta(self.wh, self.ledger, mart, everything=everything, marked=self._marked)
        if mart.entity in LISTS:
            keep_whole(self.wh, mart)
        erased = stage_vanished(self.wh, mart) if mart.name == self.erase else 0
        self._staged[mart.name] = delta.staged + erased
        if self._staged[mart.name]:
            read_prior(self.wh, self.ledger, mart)
        else:
            read_no_prior(self.wh, mart)
        self.decide(mart, presume=True)
        self._judged.add(mart.name)
        return delta

    def decide(self, mart: Mart, *, presume: bool) -> None:
        """Say of each staged row whether it can be sent, and lay out those that can.

        With `presume`, what the earlier marts have to send counts as sent.
        """
        if not self._staged[mart.name]:
            self._decide_nothing(mart)
            return
        layout = self._layouts[mart.name] = self._layout(mart)
        if mart.entity is ORDERS:
            self._know_contacts(mart, presume=presume)
        if mart.entity in (ORDERS, SIMPLE_ORDERS):
            self._know_statuses(mapped=mart.entity is ORDERS, presume=presume)
        # By itself: it may need all of the memory, and so may the rest.
        self.wh.run(f"create or replace table duplicated_{mart.name} as {rules.duplicated(mart)}")
        found = rules.problems(mart, layout.now, hold_late=self.form.hold_late)
        self.wh.run(f"create or replace table problems_{mart.name} as {found}")
        if mart.has_path:
            find_paths(self.wh, mart)
        chunks, too_large = self._cut(mart)
        self._chunks[mart.name] = refused_last(self.wh, mart, layout, chunks)
        if too_large:
            self.wh.run(
                f"insert into problems_{mart.name} select unnest(?), {quote(rules.HELD)}, null, "
                "'row_too_large', null",
                [too_large],
            )

    def _decide_nothing(self, mart: Mart) -> None:
        """Do the same where nothing is staged, without asking the warehouse."""
        self.wh.run(rules.no_problems(mart))
        if mart.has_path:
            find_paths(self.wh, mart)
        self._layouts[mart.name] = Layout(self.limits, self.form, {}, "now()")
        self._chunks[mart.name] = []

    def _layout(self, mart: Mart) -> Layout:
        if mart.name in self._layouts:
            return replace(self._layouts[mart.name], wave=1)
        if not self._clock:
            self._clock = wall_clock(self.wh, mart)
        return Layout(self.limits, self.form, bits(self.ledger, mart), self._clock)

    def layout(self, mart: Mart) -> Layout:
        """Return what the rows of a judged mart are laid out by."""
        return self._layouts[mart.name]

    def rows(self, mart: Mart) -> str:
        """Return the query of the rows that can be sent in the present wave."""
        return rows(mart, self.layout(mart))

    def _know_contacts(self, mart: Mart, *, presume: bool) -> None:
        """Make `lacking_contacts` for the rules of orders: those that they name in vain.

        `_id`, and `_is_judged`: whether it has a verdict. With `presume`, what the contacts have
        to send counts as sent.
        """
        kind = CONTACTS.name
        named = f"select cast(client_uniq_id as text) as _id from staged_{mart.name}"
        there = f"select _id from {self.ledger.delivered(kind, named)}"
        verdicts = self.ledger.verdicts(kind)
        if kind in self._judged:
            verdicts = f"({self.verdicts(self.marts.get(kind))})"
            if presume:
                there += f" union all select _id from ({self.rows(self.marts.get(kind))})"
        self.wh.run(f"create or replace table arriving as {there}")
        self.wh.run(
            f"""
            create or replace table lacking_contacts as
            select distinct _id, _id in (select _id from {verdicts}) as _is_judged
            from ({named}) n
            where _id is not null and not exists (from arriving a where a._id = n._id)
            """
        )

    def _know_statuses(self, *, mapped: bool, presume: bool) -> None:
        """Make `known_statuses`: what an order may be in.

        What the mart maps now and Metrica has just so (or is about to get, with `presume`),
        Metrica's own, and the counter's JavaScript goals. The simplified method knows no
        mapping (simple-orders-data).
        """
        ways = [f"select {quote(status)} as _id" for status in DEFAULT_STATUSES]
        ways.append(f"select _id from {self.ledger.goals()}")
        if mapped:
            mart = self.marts.get(ORDER_STATUSES.name)
            ids = f"select cast(id as text) as _id from {relation(mart.schema, mart.table)}"
            read_known(self.wh, self.ledger, mart, among=ids)
            ways.append(
                f"select k._id from known_{mart.name} k "
                f"join {relation(mart.schema, mart.table)} m "
                "on cast(m.id as text) = k._id and m.row_hash = k._hash"
            )
            if presume and mart.name in self._judged:
                ways.append(f"select _id from ({self.rows(mart)})")
        self.wh.run(f"create or replace table known_statuses as {' union '.join(ways)}")

    def names_goals(self, mart: Mart) -> bool:
        """Return whether a staged order has a status that could only be a JavaScript goal."""
        if mart.entity not in (ORDERS, SIMPLE_ORDERS) or self.is_empty(mart):
            return False
        status = "unnest(string_split(s.status_path, ','))" if mart.has_path else "s.order_status"
        mapped = " union all ".join(f"select {quote(status)}" for status in DEFAULT_STATUSES)
        if mart.entity is ORDERS:
            statuses = self.marts.get(ORDER_STATUSES.name)
            table = relation(statuses.schema, statuses.table)
            mapped += f" union all select cast(id as text) from {table} where id is not null"
        own = f"select s.order_status as status from staged_{mart.name} s"
        return bool(
            self.wh.rows(
                f"select 1 from ({own} union all select {status} from staged_{mart.name} s) "
                f"where status not in ({mapped}) limit 1"
            )
        )

    def verdicts(self, mart: Mart) -> str:
        """Return the query of all verdicts of a mart as they stand after this pass."""
        return (
            f"select _id, _hash, _state, _column, _reason, _detail from kept_{mart.name} "
            "union all select s._id, s._hash, p._state, p._column, p._reason, p._detail "
            f"from staged_{mart.name} s join problems_{mart.name} p on p._row = s.rowid "
            f"where s._hash is distinct from {quote(ERASED)}"
        )

    def counts(self, delta: Delta, sent: int, uploads: int) -> EntityCounts:
        """Return what became of every row of the mart."""
        rejected, held = self.wh.row(
            f"select count(*) filter (_state = {quote(rules.REJECTED)}), "
            f"count(*) filter (_state = {quote(rules.HELD)}) from ({self.verdicts(delta.mart)})"
        )
        return EntityCounts(delta.mart_rows, sent, delta.unchanged, rejected, held, uploads)

    def is_empty(self, mart: Mart) -> bool:
        """Return whether there is nothing to judge."""
        return not self._staged[mart.name]

    def sendable(self, mart: Mart) -> int:
        """Return how many rows can be sent in the present wave."""
        if self.is_empty(mart):
            return 0
        (rows,) = self.wh.row(f"select count(*) from ({self.rows(mart)})")
        return int(rows)

    def first_uploads(self, mart: Mart) -> int:
        """Return how many requests the first wave takes if Metrica accepts all rows."""
        if mart.entity in LISTS:
            return -(-self.sendable(mart) // MAX_CATALOGUE)
        return len(self._chunks[mart.name])

    def uploads(self, mart: Mart) -> int:
        """Return how many requests all waves of a run take if Metrica accepts all rows."""
        requests = self.first_uploads(mart)
        first = self.layout(mart)
        while self.next_wave(mart) and self.layout(mart).wave <= self.limits.max_steps:
            requests += len(self.chunks(mart))
        self._layouts[mart.name] = first
        return requests

    def chunks(self, mart: Mart) -> list[Chunk]:
        """Return the chunks of the rows of the present wave."""
        if self.layout(mart).wave == 1:
            return self._chunks[mart.name]
        return self._cut(mart)[0]

    def _cut(self, mart: Mart) -> tuple[list[Chunk], list[int]]:
        return cut(self.wh, mart, self.rows(mart), self.limits, self.layout(mart).now)

    def completed(self, mart: Mart, part: Chunk) -> int:
        """Return how many mart rows are delivered completely with a chunk."""
        if not mart.has_path and mart.name != self.erase:
            return part.rows
        here = rows(mart, self.layout(mart), part)
        ours = f"_left = 0 and _hash <> {quote(ERASED)}"
        return int(self.wh.row(f"select count(*) from ({here}) where {ours}")[0])

    def next_wave(self, mart: Mart) -> bool:
        """Go on to the orders that have further steps to go; False when there are none."""
        if not mart.has_path:
            return False
        if not self.wh.rows(f"select 1 from ({self.rows(mart)}) where _left > 0 limit 1"):
            return False
        layout = self.layout(mart)
        self._layouts[mart.name] = replace(layout, wave=layout.wave + 1)
        return True
