"""One upload: the request, and its entries in the ledger before and after it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from metrica_export.errors import MetricaError
from metrica_export.ledger.writer import Journal
from metrica_export.metrica.answer import Answer
from metrica_export.metrica.client import Metrica


@dataclass(frozen=True, slots=True)
class Uploader:
    """The API, the ledger, the folder for files and the budget of requests of one run.

    `check_lock` raises LedgerError once the lock is lost.
    """

    metrica: Metrica
    journal: Journal
    folder: Path
    budget: int
    is_local: bool
    check_lock: Callable[[], None]

    def hand_over(self, upload_no: int, completed: int, send: Callable[[], Answer]) -> Answer:
        """Send a prepared upload, and record the answer.

        A PASSED upload delivers `completed` mart rows. A MetricaError is recorded as FAILED, or
        as unknown if the upload may have arrived, and raised again.
        """
        self.check_lock()
        # The request is counted first, so that a killed run has counted it too.
        self.journal.start_upload(upload_no, self.metrica.requests + 1)
        try:
            answer = send()
        except MetricaError as error:
            self.journal.end_upload(upload_no, "unknown" if error.doubtful else "FAILED", None)
            raise
        delivered = completed if answer.status == "PASSED" else 0
        self.journal.end_upload(upload_no, answer.status, answer.uploading_id, delivered)
        return answer
