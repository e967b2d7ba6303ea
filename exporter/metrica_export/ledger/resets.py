"""The changes of `retry` and `reset` to a counter's ledger."""

from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.sql import data, quote


def retry(wh: Attached, counter_id: int, entity: str | None, key: str | None) -> int:
    """Release rows that Metrica refused for the next run; return their number."""
    refused = (
        f"counter_id = {counter_id} and reason = 'refused_by_metrica'"
        f"{_of_mart(entity)}{_of_row(wh, key)}"
    )
    with wh.transaction():
        found = f"select count(*) as rows from {LEDGER}.ledger_verdicts where {refused}"
        (rows,) = wh.row(f"select rows from {wh.remote(found)}")
        # Every run compares held rows.
        wh.command(f"update {LEDGER}.ledger_verdicts set state = 'held' where {refused}")
    return int(rows)


def reset(wh: Attached, counter_id: int, entity: str | None, key: str | None) -> None:
    """Forget the delivered row hashes of a counter, of one mart, or of one row.

    The next run compares all rows and sends these again. The ledger keeps the status, the
    creation date and the filled columns of each delivery, so that no order gets an older status
    and no first creation date changes.
    """
    scope = f"counter_id = {counter_id}{_of_mart(entity)}"
    row = _of_row(wh, key)
    with wh.transaction():
        wh.command(
            f"update {LEDGER}.ledger_deliveries set row_hash = null where upload_no in "
            f"(select upload_no from {LEDGER}.ledger_uploads where {scope}){row}",
            f"delete from {LEDGER}.ledger_verdicts where {scope}{row}",
            f"delete from {LEDGER}.ledger_watermarks where {scope}",
        )


def _of_mart(entity: str | None) -> str:
    return "" if entity is None else f" and entity = {quote(entity)}"


def _of_row(wh: Attached, key: str | None) -> str:
    return "" if key is None else f" and id = {data(key, postgres=wh.ledger_is_postgres)}"
