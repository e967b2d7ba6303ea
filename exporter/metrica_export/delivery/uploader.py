"""One upload: the request, and its entries in the ledger before and after it."""

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
    """The API, the ledger, the folder for files and the budget of requests of one run.

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
        """Record the start of a prepared upload; yield the function that records its answer.

        This function takes the answer and the number of mart rows that a PASSED upload delivers.
        A MetricaError is recorded as FAILED, or as unknown if the upload may have arrived.
        """
        self.check_lock()
        # The request is counted first, so that a killed run has counted it too.
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
