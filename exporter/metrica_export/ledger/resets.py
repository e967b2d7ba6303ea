"""The changes that a person may make to a counter's ledger: `retry` and `reset`."""

from metrica_export.warehouse.connection import LEDGER, Attached
from metrica_export.warehouse.sql import data, quote


def retry(wh: Attached, counter_id: int, entity: str | None, key: str | None) -> int:
    """Let the next run send rows that Metrica refused; return how many there are."""
    which = (
        f"counter_id = {counter_id} and reason = 'refused_by_metrica'"
        f"{_of_mart(entity)}{_of_row(wh, key)}"
    )
    with wh.transaction():
        found = f"select count(*) as rows from {LEDGER}.ledger_verdicts where {which}"
        (rows,) = wh.row(f"select rows from {wh.remote(found)}")
        # Every run compares held rows.
        wh.command(f"update {LEDGER}.ledger_verdicts set state = 'held' where {which}")
    return int(rows)


def reset(wh: Attached, counter_id: int, entity: str | None, key: str | None) -> None:
    """Forget that Metrica has the present state of all rows, of one mart, or of one row.

    The next run compares everything and sends these rows again. The ledger keeps the status, the
    creation date and the filled columns of each delivery, so that no order gets an older status
    and no first creation date changes.
    """
    mine = f"counter_id = {counter_id}{_of_mart(entity)}"
    row = _of_row(wh, key)
    with wh.transaction():
        wh.command(
            f"update {LEDGER}.ledger_deliveries set row_hash = null where upload_no in "
            f"(select upload_no from {LEDGER}.ledger_uploads where {mine}){row}",
            f"delete from {LEDGER}.ledger_verdicts where {mine}{row}",
            f"delete from {LEDGER}.ledger_watermarks where {mine}",
        )


def _of_mart(entity: str | None) -> str:
    return "" if entity is None else f" and entity = {quote(entity)}"


def _of_row(wh: Attached, key: str | None) -> str:
    return "" if key is None else f" and id = {data(key, postgres=wh.is_postgres)}"
