"""One upload, between two entries in the ledger."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from metrica_export.errors import MetricaError
from metrica_export.ledger.writer import Journal
from metrica_export.metrica.answer import Answer
from metrica_export.metrica.client import Metrica


@dataclass(frozen=True, slots=True)
class Uploader:
    """Metrica and the ledger of one run, the folder for its files, and its budget of requests.

    `check_lock` raises LedgerError once the lock is lost.
    """

    metrica: Metrica
    journal: Journal
    folder: Path
    budget: int
    is_local: bool
    check_lock: Callable[[], None]

    @contextmanager
    def entry(self, upload_no: int) -> Iterator[Callable[[Answer, int], Answer]]:
        """Record the start of a prepared upload; yields the function that records its answer.

        That function takes the answer and the number of mart rows that are delivered if the
        upload is PASSED. A MetricaError is recorded as FAILED, or as unknown when the upload may
        have arrived.
        """
        self.check_lock()
        # Counted before it is made: a run that is killed has made it all the same.
        self.journal.start_upload(upload_no, self.metrica.requests + 1)
        try:
            yield partial(self._record, upload_no)
        except MetricaError as error:
            self.journal.end_upload(upload_no, "unknown" if error.doubtful else "FAILED", None)
            raise

    def _record(self, upload_no: int, answer: Answer, completed: int) -> Answer:
        delivered = completed if answer.status == "PASSED" else 0
        self.journal.end_upload(upload_no, answer.status, answer.uploading_id, delivered)
        return answer
