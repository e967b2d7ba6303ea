"""The references of staged orders: contacts and statuses that Metrica has, or gets in this run."""

from collections.abc import Mapping

from metrica_export.checks.sendable import rows
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.checks.verdicts import verdicts
from metrica_export.delta.delivered_state import read_delivered
from metrica_export.ledger.reader import Ledger
from metrica_export.metrica.formats import CONTACTS, DEFAULT_STATUSES, ORDER_STATUSES
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import STATUS_PATH
from metrica_export.warehouse.filters import rows_of
from metrica_export.warehouse.session import Session
from metrica_export.warehouse.sql import quote
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import (
    ACCEPTED_STATUSES,
    AVAILABLE_CONTACTS,
    DELIVERED,
    STAGED,
    tables_of,
)


def find_references(
    session: Session,
    ledger: Ledger,
    staged: StagedMart,
    earlier: Mapping[str, StagedMart],
    *,
    presume: bool,
) -> None:
    """Fill `missing_contacts` and `accepted_statuses` for a staged mart that needs them.

    `earlier` has the marts that this run validated before. With `presume`, their sendable rows
    count as delivered.
    """
    entity, wh = staged.mart.entity, session.wh
    if entity.needs_contact:
        _find_missing_contacts(wh, ledger, staged, earlier.get(CONTACTS.name), presume=presume)
    if entity.has_status:
        accepted = [f"select {quote(status)} as _id" for status in DEFAULT_STATUSES]
        accepted.append(f"select _id from {ledger.goals()}")
        if entity.uses_status_mapping:
            statuses = earlier.get(ORDER_STATUSES.name)
            accepted += _mapped_statuses(session, ledger, statuses, presume=presume)
        query = " union ".join(accepted)
        wh.run(f"create or replace table {ACCEPTED_STATUSES.name} as {query}")


def _find_missing_contacts(
    wh: Attached, ledger: Ledger, staged: StagedMart, contacts: StagedMart | None, *, presume: bool
) -> None:
    named = f"select cast(client_uniq_id as text) as _id from {staged.of(STAGED)}"
    available = f"select _id from {ledger.delivered(CONTACTS.name, named)}"
    recorded = ledger.verdicts(CONTACTS.name)
    if contacts is not None:
        recorded = f"({verdicts(contacts)})"
        if presume:
            available += f" union all select _id from ({rows(contacts)})"
    wh.run(f"create or replace table {AVAILABLE_CONTACTS.name} as {available}")
    tables = tables_of(staged.name)
    wh.run(render(__package__, "missing_contacts", verdicts=recorded, **tables))


def _mapped_statuses(
    session: Session, ledger: Ledger, statuses: StagedMart | None, *, presume: bool
) -> list[str]:
    """Return queries of the statuses (`_id`) whose present mapping Metrica has."""
    mart = session.marts.get(ORDER_STATUSES.name)
    table = rows_of(mart)
    read_delivered(
        session.wh, ledger, mart, among=f"select cast(m.id as text) as _id from {table} m"
    )
    found = [
        (
            f"select d._id from {DELIVERED.of(mart.name)} d join {table} m "
            "on cast(m.id as text) = d._id and m.row_hash = d._hash"
        )
    ]
    if presume and statuses is not None:
        found.append(f"select _id from ({rows(statuses)})")
    return found


def names_goals(session: Session, staged: StagedMart) -> bool:
    """Return whether a staged order has an unmapped status, which may be a JavaScript goal."""
    entity = staged.mart.entity
    if not entity.has_status or not staged.rows:
        return False
    mapped = " union all ".join(f"select {quote(status)}" for status in DEFAULT_STATUSES)
    if entity.uses_status_mapping:
        mart = session.marts.get(ORDER_STATUSES.name)
        table = rows_of(mart)
        mapped += f" union all select cast(m.id as text) from {table} m where m.id is not null"
    query = render(
        __package__,
        "unmapped_statuses",
        mapped=mapped,
        has_path=staged.mart.has_path,
        status_path=STATUS_PATH,
        **tables_of(staged.name),
    )
    return bool(session.wh.rows(query))
