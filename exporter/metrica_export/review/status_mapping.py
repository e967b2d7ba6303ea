"""The mapping of order statuses: in the mart, in Metrica, and as last delivered.

Statuses are compared without `humanized` where the mart leaves it empty.
"""

from dataclasses import dataclass, replace

from metrica_export.checks.cells import cell
from metrica_export.ledger.reader import NOT_TAKEN, Ledger
from metrica_export.metrica.client import Metrica, Status
from metrica_export.metrica.formats import DEFAULT_STATUSES, ORDER_STATUSES
from metrica_export.review.gate_texts import Texts, gate_text
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Mart, Marts
from metrica_export.warehouse.filters import rows_of
from metrica_export.warehouse.marks import LEDGER

AUTO = "AUTO"
"""The source of a status that Metrica created by itself for an id in an upload.

Source: page "List of mapped order statuses".
"""

_SHOWN = 10
"""Maximum number of statuses in a message."""


@dataclass(frozen=True, slots=True)
class Change:
    """A status that the mart and Metrica map differently; None where it is missing."""

    id: str
    in_metrica: Status | None
    in_mart: Status | None

    @property
    def kind(self) -> str:
        """Return `create`, `change`, or `only_in_metrica`, which no run changes."""
        if self.in_mart is None:
            return "only_in_metrica"
        return "create" if self.in_metrica is None else "change"

    def fields(self) -> dict[str, tuple[str, str]]:
        """Return field → value in Metrica, value in the mart; empty text where it is missing."""
        nothing = Status(self.id, "")
        in_metrica, in_mart = self.in_metrica or nothing, self.in_mart or nothing
        names = _differing(in_mart, in_metrica) if self.in_mart else _filled(in_metrica)
        return {field: (_text(in_metrica, field), _text(in_mart, field)) for field in names}


@dataclass(frozen=True, slots=True)
class Drift:
    """A status that was edited in Metrica, and the edited fields; none if it was deleted."""

    id: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.id} ({', '.join(self.fields) or 'gone'})"


def mart_of(marts: Marts) -> Mart | None:
    """Return the mart of order statuses; None in a project of simple orders only."""
    return next((mart for mart in marts.all if mart.entity is ORDER_STATUSES), None)


def mart_statuses(wh: Attached, mart: Mart) -> list[Status]:
    """Return the mart's mapping, each cell in Metrica's format."""
    cells = {column.name: cell(column) for column in mart.columns}
    wanted = ", ".join(cells.get(column.name, "null") for column in ORDER_STATUSES.columns)
    table = rows_of(mart)
    rows = wh.rows(f"select {wanted} from {table} s where s.id is not null order by s.id")
    return [_status(*row) for row in rows]


def delivered_statuses(wh: Attached, ledger: Ledger) -> list[Status]:
    """Return the last delivered mapping.

    It is empty before the first delivery, and while the outcome of the last upload is unknown.
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


def diff(in_mart: list[Status], in_metrica: list[Status]) -> list[Change]:
    """Return the statuses that the mart and Metrica map differently, by id.

    Statuses that only Metrica has are included unless Metrica created them: its default ids, and
    statuses with the source AUTO.
    """
    metrica_by_id = {status.id: status for status in in_metrica}
    found = []
    for status in in_mart:
        other = metrica_by_id.get(status.id)
        if other is None and status.id in DEFAULT_STATUSES:
            # Metrica has these statuses, but no page says that it lists them.
            if _differing(status, replace(status, type=status.id, goal_action_ids=())):
                found.append(Change(status.id, None, status))
        elif other is None or _differing(status, other):
            found.append(Change(status.id, other, status))
    compared = {status.id for status in in_mart} | set(DEFAULT_STATUSES)
    alone = [s for s in in_metrica if s.id not in compared and s.source != AUTO]
    return sorted(found + [Change(s.id, s, None) for s in alone], key=lambda change: change.id)


def drift(delivered: list[Status], in_mart: list[Status], in_metrica: list[Status]) -> list[Drift]:
    """Return the delivered statuses that were edited in Metrica.

    A field has drifted when its value in Metrica is neither the delivered nor the mart's value.
    """
    metrica_by_id = {status.id: status for status in in_metrica}
    mart_by_id = {status.id: status for status in in_mart}
    found = []
    for status in delivered:
        if status.id not in mart_by_id:
            # The mart no longer maps this status, so later edits are ignored.
            continue
        other = metrica_by_id.get(status.id)
        if other is None:
            if status.id not in DEFAULT_STATUSES:
                found.append(Drift(status.id))
            continue
        undelivered = _differing(mart_by_id[status.id], other)
        fields = tuple(field for field in _differing(status, other) if field in undelivered)
        if fields:
            found.append(Drift(status.id, fields))
    return found


def find_drift(wh: Attached, ledger: Ledger, marts: Marts, metrica: Metrica) -> list[Drift]:
    """Return the present drift. Asks Metrica only if a mapping was delivered."""
    mart = mart_of(marts)
    delivered = delivered_statuses(wh, ledger)
    if mart is None or not delivered:
        return []
    return drift(delivered, mart_statuses(wh, mart), metrica.statuses())


def describe(drifts: list[Drift]) -> Texts:
    """Return one sentence with the statuses, their fields, and the two cures."""
    listed, more = ", ".join(map(str, drifts[:_SHOWN])), len(drifts) - _SHOWN
    rest: Texts | str = gate_text("more", n=more) if more > 0 else ""
    return gate_text("drift", statuses=listed, more=rest)


def _differing(status: Status, other: Status) -> tuple[str, ...]:
    return tuple(
        field
        for field in _FIELDS
        if getattr(status, field) != getattr(other, field)
        and not (field == "humanized" and not status.humanized)
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
