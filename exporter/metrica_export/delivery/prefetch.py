"""Chunks made ready to be sent while earlier ones are on their way."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import SimpleQueue

from metrica_export.checks import chunks
from metrica_export.checks.judge import Judge
from metrica_export.checks.sendable import cells, deliveries
from metrica_export.delivery.uploader import Run
from metrica_export.errors import ExportError
from metrica_export.ledger.records import Upload
from metrica_export.ledger.writer import Journal
from metrica_export.metrica.formats import Column
from metrica_export.warehouse.connection import Attached, no_room
from metrica_export.warehouse.dbt_manifest import Mart

_SESSIONS = 3
"""Chunks that are made at the same time; as many more wait for their turn on the disk at most."""


_Session = tuple[Attached, Journal]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A chunk on disk and in the ledger, under the number of the upload that it is to be."""

    part: chunks.Chunk
    upload_no: int
    file: chunks.File
    columns: tuple[Column, ...]


@contextmanager
def preparation(judge: Judge, run: Run, mart: Mart, *, as_json: bool) -> Iterator["Preparation"]:
    """Open what makes chunks of the mart's present wave ready; `as_json` makes JSON of small ones.

    What is not handed out when it ends was never sent, and the ledger forgets it.
    """
    with judge.wh.one_thread_each():
        pool = ThreadPoolExecutor(_SESSIONS)
        found = Preparation(judge, run, mart, pool, as_json=as_json)
        try:
            yield found
        finally:
            pool.shutdown(cancel_futures=True)
            found.withdraw()


class Preparation:
    """Hands out the chunks of a mart, ready to be sent, in their order."""

    def __init__(
        self, judge: Judge, run: Run, mart: Mart, pool: ThreadPoolExecutor, *, as_json: bool
    ) -> None:
        """Open the sessions; no chunk is made yet."""
        self._run, self._mart, self._pool, self._as_json = run, mart, pool, as_json
        self._limits, self._layout = judge.limits, judge.layout(mart)
        self._waiting: deque[chunks.Chunk] = deque()
        self._ready: deque[Future[Prepared]] = deque()
        self._is_tried = False
        self._sessions: SimpleQueue[_Session] = SimpleQueue()
        for _ in range(_SESSIONS):
            wh = judge.wh.beside()
            self._sessions.put((wh, run.journal.beside(wh)))

    def withdraw(self) -> None:
        """Take back what was made and not handed out, and close the sessions."""
        for future in self._ready:
            # The first error is the one to tell.
            with suppress(ExportError):
                if not future.cancelled() and future.exception() is None:
                    prepared = future.result()
                    prepared.file.path.unlink()
                    self._run.journal.withdraw_upload(prepared.upload_no)
        while not self._sessions.empty():
            self._sessions.get()[0].close()

    def add(self, parts: Iterable[chunks.Chunk]) -> None:
        """Have chunks made ready, before those that wait."""
        self._waiting.extendleft(reversed(list(parts)))

    def take_waiting(self) -> list[chunks.Chunk]:
        """Return the chunks that nobody has begun to make ready, and forget them."""
        waiting = [*self._waiting]
        self._waiting.clear()
        return waiting

    def __iter__(self) -> "Preparation":
        """Return itself."""
        return self

    def __next__(self) -> Prepared:
        """Return the next chunk; while it is sent, others are made.

        Parts of a refused file are made one at a time: what follows depends on the answer.
        """
        while self._waiting and len(self._ready) < 2 * _SESSIONS:
            if self._ready and (self._waiting[0].tried or self._is_tried):
                break
            self._is_tried = self._waiting[0].tried
            part, upload_no = self._waiting.popleft(), self._run.journal.next_upload()
            self._ready.append(self._pool.submit(self._prepare, part, upload_no))
        if not self._ready:
            raise StopIteration
        prepared = self._ready[0].result()
        self._ready.popleft()
        return prepared

    def _prepare(self, part: chunks.Chunk, upload_no: int) -> Prepared:
        mart, run = self._mart, self._run
        wh, journal = session = self._sessions.get()
        try:
            columns = chunks.columns_of(mart, part, self._layout.bits)
            file = self._write(wh, columns, part, upload_no)
            journal.prepare_upload(
                upload_no,
                Upload(mart.name, file.size, file.sha256, run.is_local, part.rows),
                deliveries(mart, self._layout, part),
            )
            return Prepared(part, upload_no, file, columns)
        finally:
            self._sessions.put(session)

    def _write(
        self, wh: Attached, columns: tuple[Column, ...], part: chunks.Chunk, upload_no: int
    ) -> chunks.File:
        try:
            return self._write_to_disk(wh, columns, part, upload_no)
        except OSError as error:
            raise no_room(f"{error.strerror}.") from None

    def _write_to_disk(
        self, wh: Attached, columns: tuple[Column, ...], part: chunks.Chunk, upload_no: int
    ) -> chunks.File:
        rows = cells(self._mart, columns, self._layout, part)
        path = self._run.staging / f"{self._mart.name}-{upload_no}.csv"
        if self._as_json:
            file = chunks.write_json(wh, self._mart, columns, rows, path.with_suffix(".json"))
            if file.size <= self._limits.chunk_bytes:
                return file
            file.path.unlink()
        return chunks.write(wh, self._mart, rows, path)
