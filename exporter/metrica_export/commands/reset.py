"""What a person may change in the ledger: let refused rows go again, or forget what was sent."""

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
    with open_session(dbt) as session, run_lock(session.profile, counter_id):
        if not Ledger(session.wh, counter_id).exists:
            raise LedgerError("There is no ledger in this warehouse yet, so nothing to change.")
        open_ledger(session.wh, counter_id, session.marts)
        yield session.wh


def retry(dbt: DbtSettings, counter_id: int, entity: str | None, key: str | None) -> int:
    """Let rows that Metrica refused go in the next run; returns how many there are."""
    with _locked(dbt, counter_id) as wh:
        return resets.retry(wh, counter_id, entity, key)


def count_sent(
    dbt: DbtSettings, counter_id: int, entity: str | None, key: str | None
) -> dict[str, int]:
    """Return, mart by mart, how many rows `reset` would make the next run send again."""
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
    """Forget what was sent: of the counter, of one mart, or of one row of it."""
    with _locked(dbt, counter_id) as wh:
        resets.reset(wh, counter_id, entity, key)
