"""Prefetch: the next chunks are written to disk while earlier chunks are uploaded."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import SimpleQueue

from metrica_export.checks.sendable import deliveries
from metrica_export.delivery.chunk_file import write_chunk
from metrica_export.delivery.chunks import Chunk, columns_of
from metrica_export.delivery.csv_file import File
from metrica_export.delivery.search import Search
from metrica_export.delivery.uploader import Uploader
from metrica_export.errors import ExportError
from metrica_export.ledger.records import Upload
from metrica_export.ledger.writer import Journal
from metrica_export.metrica.formats import Column
from metrica_export.warehouse.connection import Attached

SESSIONS = min(3, os.cpu_count() or 1)
"""Chunks that are written at the same time. At most twice as many are on disk.

More sessions than cores cost processor time and save none.
"""

_Session = tuple[Attached, Journal]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A chunk on disk and in the ledger, under the number of its upload."""

    chunk: Chunk
    upload_no: int
    file: File
    columns: tuple[Column, ...]


@contextmanager
def prefetch(uploader: Uploader, search: Search, suffix: str) -> Iterator["Prefetch"]:
    """Open the sessions that prepare the waiting chunks, as files with the suffix.

    At the end, prepared chunks that were never sent are withdrawn from the ledger.
    """
    with search.wh.one_thread_each():
        pool = ThreadPoolExecutor(SESSIONS)
        found = Prefetch(uploader, search, pool, suffix)
        try:
            yield found
        finally:
            pool.shutdown(cancel_futures=True)
            found.withdraw()


class Prefetch:
    """An iterator over the prepared chunks of a wave, in their order."""

    def __init__(
        self, uploader: Uploader, search: Search, pool: ThreadPoolExecutor, suffix: str
    ) -> None:
        """Open the sessions; no chunk is prepared yet."""
        self._uploader, self._search, self._pool = uploader, search, pool
        self._staged, self._wave, self._suffix = search.staged, search.wave, suffix
        self._ready: deque[Future[Prepared]] = deque()
        self._is_tried = False
        self._sessions: SimpleQueue[_Session] = SimpleQueue()
        for _ in range(SESSIONS):
            session = search.wh.new_session()
            self._sessions.put((session, uploader.journal.for_session(session)))

    def withdraw(self) -> None:
        """Withdraw prepared chunks that were never sent, and close the sessions."""
        for future in self._ready:
            # The error that ended the delivery is the one to show.
            with suppress(ExportError):
                if not future.cancelled() and future.exception() is None:
                    prepared = future.result()
                    prepared.file.path.unlink()
                    self._uploader.journal.withdraw_upload(prepared.upload_no)
        while not self._sessions.empty():
            self._sessions.get()[0].close()

    def __iter__(self) -> "Prefetch":
        """Return itself."""
        return self

    def __next__(self) -> Prepared:
        """Return the next prepared chunk, and start the preparation of later chunks.

        Chunks of a refused file are prepared one at a time: the answer decides on the next one.
        """
        waiting = self._search.waiting
        while waiting and len(self._ready) < 2 * SESSIONS:
            if self._ready and (waiting[0].tried or self._is_tried):
                break
            self._is_tried = waiting[0].tried
            chunk, upload_no = waiting.popleft(), self._uploader.journal.next_upload()
            self._ready.append(self._pool.submit(self._prepare, chunk, upload_no))
        if not self._ready:
            raise StopIteration
        prepared = self._ready[0].result()
        self._ready.popleft()
        return prepared

    def _prepare(self, chunk: Chunk, upload_no: int) -> Prepared:
        staged = self._staged
        wh, journal = session = self._sessions.get()
        try:
            path = self._uploader.folder / f"{staged.name}-{upload_no}{self._suffix}"
            file = write_chunk(wh, staged, self._wave, chunk, path)
            is_local = self._uploader.is_local
            journal.prepare_upload(
                upload_no,
                Upload(staged.name, file.size, file.sha256, is_local, chunk.rows),
                deliveries(staged, self._wave, chunk),
            )
            return Prepared(chunk, upload_no, file, columns_of(staged, chunk))
        finally:
            self._sessions.put(session)
