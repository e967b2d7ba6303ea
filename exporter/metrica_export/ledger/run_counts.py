"""The counts of a run in the ledger, mart by mart, correct at every moment of the run.

They are recorded before the first upload. Each upload adds its rows in the transaction that
makes them delivered, so the counts are correct even if the run is killed or loses the warehouse.
"""

from metrica_export.ledger.records import EntityCounts
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.sql import quote

_COLUMNS = ("mart_rows", "sent", "unchanged", "rejected", "held", "uploads")


def record(run_no: int, entities: dict[str, EntityCounts]) -> list[str]:
    """Return the statements that record counts, or replace recorded counts of the run."""
    changed = ", ".join(f"{column} = excluded.{column}" for column in _COLUMNS)
    return [
        f"insert into {LEDGER}.ledger_run_entities values ({run_no}, {quote(entity)}, "
        f"{c.rows}, {c.sent}, {c.unchanged}, {c.rejected}, {c.held}, {c.uploads}) "
        f"on conflict (run_no, entity) do update set {changed}"
        for entity, c in entities.items()
    ]


def add(run_no: int, upload_no: int, delivered: int) -> str:
    """Return the statement that adds an upload and its delivered rows."""
    return (
        f"update {LEDGER}.ledger_run_entities set uploads = uploads + 1, sent = sent + {delivered} "
        f"where run_no = {run_no} and entity = "
        f"(select entity from {LEDGER}.ledger_uploads where upload_no = {upload_no})"
    )
