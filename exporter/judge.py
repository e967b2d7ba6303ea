"""The judgement of a mart's delta: which rows can be sent, and why the others cannot."""

import re

from exporter import checks, chunk
from exporter.config import Options
from exporter.delta import Delta, find_delta
from exporter.entries import EntityCounts
from exporter.errors import WarehouseError
from exporter.ledger import Ledger
from exporter.manifest import OWN_COLUMNS, STATUS_PATH, Mart, Marts
from exporter.marts import (
    CONTACTS,
    DEFAULT_STATUSES,
    LISTS,
    MAX_CATALOGUE,
    ORDER_STATUSES,
    ORDERS,
    SIMPLE_ORDERS,
    Kind,
)
from exporter.prior import bits, read_known, read_prior
from exporter.sendable import Layout, lay_out, sendable_ids
from exporter.warehouse import Attached, name, quote, relation

_TYPES = {Kind.DATETIME: "TIMESTAMP", Kind.DATE: "DATE"}


def check_relation(wh: Attached, mart: Mart) -> None:
    """Compare a mart in the warehouse with its declaration; WarehouseError names the columns."""
    there = wh.columns(mart.schema, mart.table)
    label = f"{mart.schema}.{mart.table}"
    if not there:
        raise WarehouseError(f"There is no mart {label} in the warehouse: run `dbt build`.")
    own = (*OWN_COLUMNS, STATUS_PATH) if mart.has_path else OWN_COLUMNS
    missing = [c for c in (*(c.name for c in mart.columns), *own) if c not in there]
    if missing:
        raise WarehouseError(
            f"Mart {label} has no column {', '.join(missing)}, which its YAML declares: "
            "run `dbt build --full-refresh`."
        )
    for column in mart.columns:
        if there[column.name] != _TYPES.get(column.kind, there[column.name]):
            raise WarehouseError(
                f"Mart {label}: {column.name} is {there[column.name]}, and must be "
                f"{_TYPES[column.kind]}: a time is the wall clock's in the counter's zone."
            )


def time_zone(wh: Attached, mart: Mart) -> str | None:
    """Return the zone of a mart's times, None if nobody says.

    It is read off the data: dbt writes it on the table together with the rows, while the
    manifest may be newer than a table that a failed build has left alone.
    """
    mark = _ZONE.search(wh.comment(mart.schema, mart.table))
    return mark[1] if mark else mart.time_zone


_ZONE = re.compile(r"counter_time_zone=(\S+)")
"""What the dbt project leaves as the comment on a mart."""


def wall_clock(wh: Attached, mart: Mart) -> str:
    """Return SQL for the warehouse's time now, as the clocks of the mart's zone show it."""
    zone = quote(time_zone(wh, mart) or "UTC")
    clock = wh.remote("select now() as now")
    (now,) = wh.row(f"select cast(timezone({zone}, now) as text) from {clock}")
    return f"timestamp {quote(now)}"


class Judge:
    """Judges the marts one after another. Writes to the staging tables only."""

    def __init__(self, wh: Attached, ledger: Ledger, marts: Marts, options: Options) -> None:
        """Look at nothing yet."""
        self.wh, self.ledger, self.marts = wh, ledger, marts
        self.limits, self.form = options.limits, options.form
        self._judged: set[str] = set()
        self._layouts: dict[str, Layout] = {}

    def judge(self, mart: Mart, *, everything: bool) -> Delta:
        """Stage the delta of a mart, and judge it as if what goes before will arrive.

        Its relation has been compared with its declaration (`check_relation`).
        """
        everything = everything or mart.entity in LISTS
        delta = find_delta(self.wh, self.ledger, mart, everything=everything)
        if mart.entity in LISTS:
            self._keep_whole(mart)
        read_prior(self.wh, self.ledger, mart)
        self.decide(mart, presume=True)
        self._judged.add(mart.name)
        return delta

    def _keep_whole(self, mart: Mart) -> None:
        # A list goes whole, each row in the state in which it was compared.
        self.wh.run(
            f"create or replace table whole_{mart.name} as "
            f"select m.* from {relation(mart.schema, mart.table)} m "
            f'join seen_{mart.name} s on s."_id" = cast(m.{name(mart.entity.key)} as text) '
            'and s."_hash" = m.row_hash'
        )

    def decide(self, mart: Mart, *, presume: bool) -> None:
        """Say of each staged row whether it can be sent, and lay out those that can.

        With `presume`, what the earlier marts have to send counts as sent.
        """
        layout = self.layout(mart)
        if mart.entity is ORDERS:
            self._know_contacts(mart, presume=presume)
        if mart.entity in (ORDERS, SIMPLE_ORDERS):
            self._know_statuses(mapped=mart.entity is ORDERS, presume=presume)
        found = checks.problems(mart, layout.now, hold_late=self.form.hold_late)
        self.wh.run(f"create or replace table problems_{mart.name} as {found}")
        lay_out(self.wh, mart, layout)
        too_large = chunk.too_large(mart, self.limits)
        if self.wh.rows(f"{too_large} limit 1"):
            self.wh.run(
                f"insert into problems_{mart.name} select _row, {quote(checks.HELD)}, null, "
                f"'row_too_large', null from ({too_large})"
            )
            lay_out(self.wh, mart, layout)

    def layout(self, mart: Mart) -> Layout:
        """Return what the rows of a mart are laid out by, the same throughout."""
        if mart.name not in self._layouts:
            self._layouts[mart.name] = self._layout(mart)
        return self._layouts[mart.name]

    def _layout(self, mart: Mart) -> Layout:
        now = wall_clock(self.wh, mart)
        return Layout(self.limits, self.form, bits(self.ledger, mart), now)

    def _know_contacts(self, mart: Mart, *, presume: bool) -> None:
        """Make `delivered_contacts` and `verdicts_now_contacts` for the rules of orders."""
        kind, planned = CONTACTS.name, ""
        if presume and kind in self._judged:
            planned = f"union all {sendable_ids(self.marts.get(kind))}"
        named = f"select cast(client_uniq_id as text) as _id from staged_{mart.name}"
        self.wh.run(
            f"create or replace table delivered_{kind} as "
            f"select _id from {self.ledger.delivered(kind, named)} {planned}"
        )
        if kind in self._judged:
            verdicts = f"({self.verdicts(self.marts.get(kind))})"
        else:
            verdicts = self.ledger.verdicts(kind)
        self.wh.run(
            f"create or replace table verdicts_now_{kind} as "
            f"select _id from {verdicts} where _id is not null"
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
            read_known(self.wh, self.ledger, mart, only_seen=False)
            ways.append(
                f"select k._id from known_{mart.name} k "
                f"join {relation(mart.schema, mart.table)} m "
                "on cast(m.id as text) = k._id and m.row_hash = k._hash"
            )
            if presume and mart.name in self._judged:
                ways.append(sendable_ids(mart))
        self.wh.run(f"create or replace table known_statuses as {' union '.join(ways)}")

    def names_goals(self, mart: Mart) -> bool:
        """Return whether a staged order has a status that could only be a JavaScript goal."""
        if mart.entity not in (ORDERS, SIMPLE_ORDERS):
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
        """Return how many rows are laid out."""
        (rows,) = self.wh.row(f"select count(*) from sendable_{mart.name}")
        return int(rows)

    def uploads(self, mart: Mart) -> int:
        """Return how many requests the rows would take if Metrica took all of them.

        Leaves the last wave laid out.
        """
        if mart.entity in LISTS:
            return -(-self.sendable(mart) // MAX_CATALOGUE)
        requests, wave = len(self.cut(mart)), 1
        while self.has_next_wave(mart):
            wave += 1
            lay_out(self.wh, mart, self.layout(mart), wave)
            requests += len(self.cut(mart))
        return requests

    def cut(self, mart: Mart) -> list[chunk.Chunk]:
        """Return the chunks of the laid out rows."""
        return chunk.cut(self.wh, mart, self.limits, self.layout(mart).now)

    def completed(self, mart: Mart, part: chunk.Chunk) -> int:
        """Return how many rows of a chunk are complete with it."""
        if not mart.has_path:
            return part.rows
        (rows,) = self.wh.row(
            f"select count(*) from sendable_{mart.name} "
            f"where _left = 0 and _pos between {part.first} and {part.last}"
        )
        return int(rows)

    def has_next_wave(self, mart: Mart) -> bool:
        """Return whether a laid out row has further steps to go."""
        if not mart.has_path:
            return False
        return bool(self.wh.rows(f"select 1 from sendable_{mart.name} where _left > 0 limit 1"))
