"""The command `explain`: one row of a mart, its history, and its outcome in the next run.

The outcome comes from the comparison and the checks of `plan`, limited to the row, its contact and
the order statuses. Nothing is sent to Metrica or written to the ledger.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from metrica_export.checks.cures import cure_of
from metrica_export.checks.reasons import PENDING, explain_reason
from metrica_export.commands.comparison import Comparison
from metrica_export.commands.outcome import Outcome
from metrica_export.delta.delta import Scope
from metrica_export.delta.vanished import ERASED
from metrica_export.errors import SettingsError
from metrica_export.ledger.destination import check_mode
from metrica_export.ledger.reader import Ledger
from metrica_export.ledger.row_history import RowHistory, iso, read_history
from metrica_export.metrica.formats import CONTACTS, LINK_DAYS, ORDER_STATUSES, UPDATE_DAYS
from metrica_export.review.row_changes import RowChange, find_row_changes
from metrica_export.settings import Options
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.contract import check_relation, time_zone
from metrica_export.warehouse.dbt_manifest import STATUS_PATH, Mart
from metrica_export.warehouse.mart_source import MartSource
from metrica_export.warehouse.session import Session, open_session
from metrica_export.warehouse.sql import data, quote
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import tables_of

UNKNOWN_ID = 1
"""The exit code for an id that neither the mart nor the ledger has."""


@dataclass(frozen=True, slots=True)
class NextRun:
    """The outcome of a row in the next run.

    `state` is `sent`, `pending` (a run sends some of its steps), `unchanged`, `rejected` or `held`.
    A row that is sent has a `change`, a row that waits has a `reason`.
    """

    state: str
    reason: str | None = None
    column: str | None = None
    detail: str | None = None
    change: RowChange | None = None
    language: str = "en"

    def as_dict(self, *, with_values: bool) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "state": self.state,
            "reason": self.reason,
            "column": self.column,
            "detail": self.detail,
            "explanation": self.reason and explain_reason(self.reason, self.language),
            "cure": self.reason and cure_of(self.reason, self.language),
            "change": self.change and self.change.as_dict(with_values=with_values),
        }


@dataclass(frozen=True, slots=True)
class MartRow:
    """One row of the mart with the id, and its outcome in the next run."""

    row_hash: str | None
    updated_at: str | None
    next_run: NextRun


@dataclass(frozen=True, slots=True)
class Deadlines:
    """An order's deadlines, in UTC. Days left are whole, and negative after the deadline.

    `applies` is `link` for an order that Metrica does not have, otherwise `update`.
    """

    create_date_time: str
    link_deadline: str
    link_days_left: int
    update_deadline: str
    update_days_left: int
    applies: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that is known about the row with an id. A duplicated id has several `rows`."""

    mart: str
    id: str
    counter_id: int
    rows: tuple[MartRow, ...]
    history: RowHistory
    deadlines: Deadlines | None

    @property
    def is_known(self) -> bool:
        """Whether the mart or the ledger has the id."""
        return bool(self.rows or self.history.uploads or self.history.verdicts)

    @property
    def is_vanished(self) -> bool:
        """Whether a delivered row left the mart."""
        return not self.rows and self.history.is_delivered

    @property
    def is_emptied(self) -> bool:
        """Whether a run with --erase-vanished emptied the row in Metrica."""
        passed = [u.row_hash for u in self.history.uploads if u.status == "PASSED"]
        return self.is_vanished and passed[-1] == ERASED

    @property
    def exit_code(self) -> int:
        """The exit code of the command."""
        return 0 if self.is_known else UNKNOWN_ID

    def as_dict(self, *, with_values: bool) -> dict[str, Any]:
        """Return the JSON object of `docs/reference/explain.schema.json`."""
        rows = [
            {
                "row_hash": row.row_hash,
                "updated_at": row.updated_at,
                "next_run": row.next_run.as_dict(with_values=with_values),
            }
            for row in self.rows
        ]
        return {
            "mart": self.mart,
            "id": self.id,
            "counter": self.counter_id,
            "rows": rows,
            "vanished": self.is_vanished,
            "emptied": self.is_emptied,
            "deadlines": self.deadlines and asdict(self.deadlines),
            **self.history.as_dict(),
            "exit_code": self.exit_code,
        }


def explain(options: Options, mart_name: str, key: str, *, with_values: bool) -> Explanation:
    """Return the explanation of one row. Raises ExportError.

    `with_values` reads the cells that the next run would send.
    """
    if "\0" in key or key.encode("utf-8", "replace").decode() != key:
        raise SettingsError(
            f"The id {key!r} has a character that no text in a warehouse has. Check the id."
        )
    with open_session(options.dbt, staging=options.staging, read_only=True) as session:
        ledger = Ledger(session.wh, options.counter_id)
        check_mode(session.wh, ledger, options.form.mode)
        mart = session.marts.get(mart_name)
        comparison = Comparison(session, ledger, options)
        _stage(session, comparison, mart, key)
        history = read_history(session.wh, ledger, mart.name, key)
        return Explanation(
            mart.name,
            key,
            options.counter_id,
            tuple(_rows(comparison, mart, key, with_values=with_values)),
            history,
            _deadlines(session.wh, mart, key, history) if mart.entity.has_deadline else None,
        )


def _stage(session: Session, comparison: Comparison, mart: Mart, key: str) -> None:
    """Stage the row, and before it the rows that its checks depend on."""
    wh, outcome = session.wh, Outcome()
    wanted: list[tuple[Mart, list[str]]] = [(mart, [key])]
    check_relation(wh, mart)
    if mart.entity.needs_contact:
        query = f"select distinct cast(m.client_uniq_id as text) as id {_of_row(wh, mart, key)}"
        contacts = [i for (i,) in wh.rows(f"select id from {wh.remote(query)}") if i is not None]
        wanted.insert(0, (session.marts.get(CONTACTS.name), contacts))
    if mart.entity.uses_status_mapping:
        wanted.insert(0, (session.marts.get(ORDER_STATUSES.name), []))
    for each, ids in wanted:
        check_relation(wh, each)
        comparison.review(comparison.stage(each, Scope(ids=ids)), outcome)


def _of_row(wh: Attached, mart: Mart, key: str) -> str:
    source = MartSource(wh, mart)
    return f"from {source.relation} m where {source.key} = {data(key, postgres=wh.is_postgres)}"


def _rows(comparison: Comparison, mart: Mart, key: str, *, with_values: bool) -> list[MartRow]:
    wh, staged = comparison.wh, comparison.staged[mart.name]
    query = render(
        __package__,
        "explain_rows",
        id=data(key, postgres=False),
        updated_at=iso("_updated_at"),
        **tables_of(mart.name),
    )
    found = wh.rows(query)
    places = ", ".join(str(row) for row, *_ in found if row is not None)
    changes = {
        change.row: change
        for change in find_row_changes(
            wh,
            staged,
            with_values=with_values,
            among=f"select unnest(cast([{places}] as bigint[]))",
        )
    }
    return [
        MartRow(
            row_hash,
            updated_at,
            replace(_next_run(changes.get(row), *verdict), language=comparison.options.language),
        )
        for row, row_hash, updated_at, *verdict in found
    ]


def _next_run(
    change: RowChange | None,
    state: str | None,
    column: str | None,
    reason: str | None,
    detail: str | None,
) -> NextRun:
    if change is None:
        return NextRun(state or "unchanged", reason, column, detail)
    if change.steps_left:
        return NextRun(PENDING, "steps_left", STATUS_PATH, change=change)
    return NextRun("sent", change=change)


def _deadlines(wh: Attached, mart: Mart, key: str, history: RowHistory) -> Deadlines | None:
    created = "null" if history.first_created is None else quote(history.first_created)
    query = render(
        __package__,
        "explain_deadlines",
        created=created,
        dates=wh.remote(f"select m.create_date_time as created {_of_row(wh, mart, key)}"),
        zone=quote(time_zone(wh, mart)),
        now=wh.now,
        link_days=LINK_DAYS,
        update_days=UPDATE_DAYS,
        link_deadline=iso("link_deadline"),
        update_deadline=iso("update_deadline"),
        applies=quote("update" if history.is_delivered else "link"),
    )
    return next((Deadlines(*row) for row in wh.rows(query)), None)
