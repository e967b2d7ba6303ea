"""The commands `retry` and `reset`: release refused rows, or forget deliveries."""

from collections.abc import Iterator
from contextlib import contextmanager

from metrica_export.errors import LedgerError
from metrica_export.ledger import resets
from metrica_export.ledger.lock import run_lock
from metrica_export.ledger.reader import Ledger
from metrica_export.ledger.store import open_ledger
from metrica_export.settings import DbtSettings
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.session import open_session
from metrica_export.warehouse.sql import data


@contextmanager
def _locked(dbt: DbtSettings, counter_id: int) -> Iterator[Attached]:
    with open_session(dbt) as session, run_lock(session.ledger, counter_id):
        if not Ledger(session.wh, counter_id).exists:
            raise LedgerError(
                "This warehouse has no ledger yet, so there is nothing to change. The first "
                "`metrica-export run` creates it."
            )
        open_ledger(session.wh, counter_id, session.marts)
        yield session.wh


def retry(dbt: DbtSettings, counter_id: int, entity: str | None, key: str | None) -> int:
    """Release the rows that Metrica refused for the next run; return their number."""
    with _locked(dbt, counter_id) as wh:
        return resets.retry(wh, counter_id, entity, key)


def count_sent(
    dbt: DbtSettings, counter_id: int, entity: str | None, key: str | None
) -> dict[str, int]:
    """Return mart → number of rows that the next run would send again after `reset`."""
    with open_session(dbt, read_only=True) as session:
        ledger = Ledger(session.wh, counter_id)
        found = {}
        for mart in session.marts.all:
            if entity in (None, mart.name):
                one = "" if key is None else f"and _id = {data(key, postgres=False)}"
                (rows,) = session.wh.row(
                    f"select count(distinct _id) from {ledger.delivered(mart.name)} "
                    f"where _hash <> '' {one}"
                )
                found[mart.name] = int(rows)
        return found


def reset(dbt: DbtSettings, counter_id: int, entity: str | None, key: str | None) -> None:
    """Forget the deliveries of a counter, of one mart, or of one row."""
    with _locked(dbt, counter_id) as wh:
        resets.reset(wh, counter_id, entity, key)
