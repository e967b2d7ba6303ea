"""One upload between two entries in the ledger: what goes, and what Metrica said of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from metrica_export.errors import MetricaError
from metrica_export.ledger.writer import Journal
from metrica_export.metrica.answer import Answer
from metrica_export.metrica.client import Metrica


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its side of the ledger, the requests it may make, where it makes files.

    `check_lock` raises LedgerError once the lock is lost.
    """

    journal: Journal
    budget: int
    staging: Path
    is_local: bool
    check_lock: Callable[[], None]


def hand_over(
    run: Run, metrica: Metrica, upload_no: int, completed: int, send: Callable[[], Answer]
) -> Answer:
    """Send an upload that the journal has prepared, between two entries in the ledger.

    `completed` rows are delivered once it is PASSED.
    An error of Metrica's is entered too, as FAILED, or as unknown when it may have arrived all the
    same, and raised again.
    """
    run.check_lock()
    # Counted before it is made: a run that is killed has made it all the same.
    run.journal.start_upload(upload_no, metrica.requests + 1)
    try:
        answer = send()
    except MetricaError as error:
        run.journal.end_upload(upload_no, "unknown" if error.doubtful else "FAILED", None)
        raise
    delivered = completed if answer.status == "PASSED" else 0
    run.journal.end_upload(upload_no, answer.status, answer.uploading_id, delivered)
    return answer
