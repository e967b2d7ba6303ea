"""The mapping of order statuses: the mart's, Metrica's, and what Metrica last took from us.

A name for people that we leave empty is Metrica's own business: it is not compared.
"""

from dataclasses import dataclass, replace

from metrica_export.checks.cells import cell
from metrica_export.ledger.reader import NOT_TAKEN, Ledger
from metrica_export.metrica.client import Metrica, Status
from metrica_export.metrica.formats import DEFAULT_STATUSES, ORDER_STATUSES
from metrica_export.warehouse.connection import LEDGER, Attached, relation
from metrica_export.warehouse.dbt_manifest import Mart, Marts

AUTO = "AUTO"
"""The source of a status that Metrica made by itself for an id in an upload (getOrderStatuses)."""

_SHOWN = 10
"""Statuses that a message names at most."""


@dataclass(frozen=True, slots=True)
class Change:
    """A status that the mart and Metrica do not map alike; None where one of them has it not."""

    id: str
    theirs: Status | None
    ours: Status | None

    @property
    def kind(self) -> str:
        """Return `create`, `change`, or `only_in_metrica`, which is left alone."""
        if self.ours is None:
            return "only_in_metrica"
        return "create" if self.theirs is None else "change"

    def fields(self) -> dict[str, tuple[str, str]]:
        """Return field → in Metrica, in the mart; empty text where there is nothing."""
        nothing = Status(self.id, "")
        theirs, ours = self.theirs or nothing, self.ours or nothing
        names = _differing(ours, theirs) if self.ours else _filled(theirs)
        return {field: (_text(theirs, field), _text(ours, field)) for field in names}


@dataclass(frozen=True, slots=True)
class Drift:
    """A status that somebody has edited in Metrica: in which fields, none if it is gone."""

    id: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.id} ({', '.join(self.fields) or 'gone'})"


def mart_of(marts: Marts) -> Mart | None:
    """Return the mart of order statuses; None in a project of simple orders only."""
    return next((mart for mart in marts.all if mart.entity is ORDER_STATUSES), None)


def ours(wh: Attached, mart: Mart) -> list[Status]:
    """Return the mart's mapping, each cell as Metrica would get it."""
    cells = {column.name: cell(column) for column in mart.columns}
    wanted = ", ".join(cells.get(column.name, "null") for column in ORDER_STATUSES.columns)
    table = relation(mart.schema, mart.table)
    rows = wh.rows(f"select {wanted} from {table} s where s.id is not null order by s.id")
    return [_status(*row) for row in rows]


def kept(wh: Attached, ledger: Ledger) -> list[Status]:
    """Return the mapping as Metrica last took it from us; empty before the first time.

    Empty too while nobody knows whether Metrica took the last one.
    """
    if not ledger.exists:
        return []
    last = wh.rows(
        f"select status from {LEDGER}.ledger_uploads where counter_id = ? and entity = ? "
        f"and status not in ({NOT_TAKEN}) order by upload_no desc limit 1",
        [ledger.counter_id, ORDER_STATUSES.name],
    )
    if last != [("PASSED",)]:
        return []
    rows = wh.rows(
        "select id, type, humanized, goal_action_ids "
        f"from {LEDGER}.ledger_statuses where counter_id = ? order by id",
        [ledger.counter_id],
    )
    return [_status(*row) for row in rows]


def diff(ours: list[Status], theirs: list[Status]) -> list[Change]:
    """Return what the mart and Metrica do not map alike, by id.

    Of what Metrica alone has, only what somebody has mapped is named: not the default ids,
    and not those that Metrica made by itself.
    """
    there = {status.id: status for status in theirs}
    found = []
    for mine in ours:
        other = there.get(mine.id)
        if other is None and mine.id in DEFAULT_STATUSES:
            # Metrica knows these, but no page says that it lists them.
            if _differing(mine, replace(mine, type=mine.id, goal_action_ids=())):
                found.append(Change(mine.id, None, mine))
        elif other is None or _differing(mine, other):
            found.append(Change(mine.id, other, mine))
    known = {status.id for status in ours} | set(DEFAULT_STATUSES)
    alone = [s for s in theirs if s.id not in known and s.source != AUTO]
    return sorted(found + [Change(s.id, s, None) for s in alone], key=lambda change: change.id)


def drift(kept: list[Status], ours: list[Status], theirs: list[Status]) -> list[Drift]:
    """Return the statuses that Metrica took from us and that somebody has edited there.

    A field has drifted when it is neither what Metrica last took nor what the mart says now.
    """
    there = {status.id: status for status in theirs}
    here = {status.id: status for status in ours}
    found = []
    for sent in kept:
        if sent.id not in here:
            # No longer ours: whoever edits it now has it to himself.
            continue
        other = there.get(sent.id)
        if other is None:
            if sent.id not in DEFAULT_STATUSES:
                found.append(Drift(sent.id))
            continue
        wanted = _differing(here[sent.id], other)
        fields = tuple(field for field in _differing(sent, other) if field in wanted)
        if fields:
            found.append(Drift(sent.id, fields))
    return found


def find_drift(wh: Attached, ledger: Ledger, marts: Marts, metrica: Metrica) -> list[Drift]:
    """Return the drift as it is now; asks Metrica only when it has taken a mapping from us."""
    mart = mart_of(marts)
    sent = kept(wh, ledger)
    if mart is None or not sent:
        return []
    return drift(sent, ours(wh, mart), metrica.statuses())


def describe(drifts: list[Drift]) -> str:
    """Return one sentence that names the statuses and their fields, and what can be done."""
    named = ", ".join(map(str, drifts[:_SHOWN]))
    more = f" and {len(drifts) - _SHOWN} more" if len(drifts) > _SHOWN else ""
    return (
        f"order statuses were edited in Metrica since it took them from here: {named}{more}. "
        "Put the mart's mapping back with `metrica-export schema apply`, or write Metrica's into "
        "the seed order_status_map and build"
    )


def _differing(mine: Status, other: Status) -> tuple[str, ...]:
    return tuple(
        field
        for field in _FIELDS
        if getattr(mine, field) != getattr(other, field)
        and not (field == "humanized" and not mine.humanized)
    )


def _filled(status: Status) -> tuple[str, ...]:
    return tuple(field for field in _FIELDS if getattr(status, field))


_FIELDS = ("type", "humanized", "goal_action_ids")


def _text(status: Status, field: str) -> str:
    value = getattr(status, field)
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _status(id_: str, type_: str | None, humanized: str | None, goals: str | None) -> Status:
    split = tuple(sorted(set(goals.split(",")))) if goals else ()
    return Status(id_, type_ or "", humanized or "", split)
