"""Uploads that Metrica lists and the ledger does not know.

Another program or a run with another ledger sent them, or the ledger was restored from a backup
and is behind Metrica.
"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from metrica_export.ledger.reader import RECOVERED, Ledger
from metrica_export.metrica.answer import Answer
from metrica_export.metrica.formats import FILES
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.sql import quote

ADVICE = (
    "Another program or a run with another ledger sent them, or the ledger was restored from a "
    "backup. Check the setting `ledger`. After a restore, run `metrica-export recover` before the "
    "next run."
)

_LISTED = ", ".join(quote(entity.name) for entity in FILES)
_MOSCOW = ZoneInfo("Europe/Moscow")
_SKEW, _DAY = 60, 86_400
"""Maximum difference of Metrica's and the warehouse's clocks, and a day, in seconds."""


def uploaded_at(answer: Answer, zone: str) -> list[float]:
    """Return the possible times of an upload (Unix time), earliest first.

    A time without a zone is in the counter's `zone` or in Moscow's: the documentation disagrees
    (page "Information about the latest uploads").
    """
    try:
        at = datetime.fromisoformat(answer.uploaded_at)
        zones = [at.tzinfo] if at.tzinfo else [ZoneInfo(zone), _MOSCOW]
        return sorted({at.replace(tzinfo=each).timestamp() for each in zones})
    except (ValueError, OverflowError, KeyError, OSError):
        # The name of a zone may be a folder's name, or too long for a file name.
        return []


def count_foreign(wh: Attached, ledger: Ledger, listed: Iterable[Answer], zone: str) -> int:
    """Count the listed uploads that the ledger does not know.

    Uploads before the ledger's first upload, or before a recovery, do not count. An upload with
    the rows and the time of one in the ledger does not count either: an upload whose answer was
    lost has no id in the ledger. `zone` is the counter's.
    """
    uploads = [(answer, uploaded_at(answer, zone)) for answer in listed]
    if not ledger.exists or not uploads:
        return len(uploads)
    oldest = min((times[0] for _, times in uploads if times), default=0.0)
    found = wh.rows(
        "select uploading_id, row_count, epoch(started_at), "
        f"epoch(coalesce(finished_at, {wh.now})) from {LEDGER}.ledger_uploads "
        f"where counter_id = ? and entity in ({_LISTED}) and started_at > to_timestamp(?)",
        [ledger.counter_id, oldest - _DAY],
    )
    own = {identifier for identifier, *_ in found}
    unknown = [(answer, times) for answer, times in uploads if answer.uploading_id not in own]
    if not unknown:
        return 0
    since = [times[0] for answer, times in uploads if answer.uploading_id in own and times]
    start = max(min(since, default=0.0), _recovered_at(wh, ledger))
    return sum(
        not times
        or (
            times[-1] >= start
            and not any(
                answer.rows in (None, rows) and begun - _SKEW <= at <= ended + _SKEW
                for _, rows, begun, ended in found
                for at in times
            )
        )
        for answer, times in unknown
    )


def _recovered_at(wh: Attached, ledger: Ledger) -> float:
    (at,) = wh.row(
        f"select coalesce(epoch(max(finished_at)), 0) from {LEDGER}.ledger_runs "
        f"where counter_id = ? and message = {quote(RECOVERED)}",
        [ledger.counter_id],
    )
    return float(at)
