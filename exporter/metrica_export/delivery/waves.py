"""The delivery of a staged mart, wave by wave."""

from collections.abc import Iterator
from dataclasses import dataclass

from metrica_export.checks.reasons import PENDING
from metrica_export.checks.sendable import count_sendable, rows
from metrica_export.checks.staged_mart import StagedMart
from metrica_export.checks.status_steps import has_later_steps
from metrica_export.checks.verdicts import Verdict, add_problems
from metrica_export.console import Bar, Reporter
from metrica_export.delivery.chunk_file import suffix_of
from metrica_export.delivery.chunks import Chunk, cut
from metrica_export.delivery.prefetch import Prepared, prefetch
from metrica_export.delivery.reference_lists import count_requests, send_list
from metrica_export.delivery.refused_files import RefusedFiles, Sent
from metrica_export.delivery.search import Search
from metrica_export.delivery.uploader import Uploader
from metrica_export.delta.vanished import ERASED
from metrica_export.errors import MetricaError
from metrica_export.metrica.answer import Answer
from metrica_export.metrica.custom_attributes import differences
from metrica_export.plurals import counted
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import STATUS_PATH, Mart
from metrica_export.warehouse.sql import quote
from metrica_export.warehouse.staging import ACCEPTED_STATUSES


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave of a staged mart: step `number` of each order with at least so many steps."""

    number: int
    chunks: list[Chunk]

    @property
    def rows(self) -> int:
        """The number of sendable rows: each is in one chunk."""
        return sum(chunk.rows for chunk in self.chunks)


def waves(wh: Attached, staged: StagedMart, chunks: list[Chunk]) -> Iterator[Wave]:
    """Yield the waves of a staged mart; `chunks` belong to the first one.

    Rejected and held orders take no further step. The caller must give them their verdicts
    before it asks for the next wave.
    """
    found = Wave(1, chunks)
    while found.chunks:
        yield found
        if not has_later_steps(wh, staged, found.number):
            return
        chunks, _ = cut(wh, staged, found.number + 1)
        found = Wave(found.number + 1, chunks)


def count_completed(wh: Attached, staged: StagedMart) -> int:
    """Return the number of sendable mart rows that one run delivers completely."""
    if not staged.rows:
        return 0
    (found,) = wh.row(
        f"select count(*) from ({rows(staged)}) "
        f"where _steps_left < {staged.limits.max_steps} and _hash <> {quote(ERASED)}"
    )
    return int(found)


def count_first_uploads(wh: Attached, staged: StagedMart, chunks: list[Chunk]) -> int:
    """Return the number of requests for the first wave if Metrica accepts all rows."""
    if staged.mart.entity.is_reference_list:
        return count_requests(count_sendable(wh, staged))
    return len(chunks)


def count_uploads(wh: Attached, staged: StagedMart, chunks: list[Chunk]) -> int:
    """Return the number of requests for all waves of one run if Metrica accepts all rows."""
    if staged.mart.entity.is_reference_list:
        return count_first_uploads(wh, staged, chunks)
    found = 0
    for wave in waves(wh, staged, chunks):
        if wave.number > staged.limits.max_steps:
            break
        found += len(wave.chunks)
    return found


class Delivery:
    """Sends the sendable rows of one mart after another.

    Raises MetricaError; `Sent` then has the counts before the error.
    """

    def __init__(self, wh: Attached, uploader: Uploader, report: Reporter) -> None:
        """Take the parts of a run; nothing is sent yet."""
        self._wh, self._uploader, self._report = wh, uploader, report
        self._split_requests = 0

    def send(self, staged: StagedMart, chunks: list[Chunk], sent: Sent, *, reserved: int) -> None:
        """Send the sendable rows of a mart, and count the delivered ones in `sent`.

        `chunks` belong to the first wave. `reserved` requests are kept for the first waves of
        later marts: neither later waves nor the search for bad rows may use them.
        """
        total = count_sendable(self._wh, staged)
        if not total:
            return
        self._uploader.journal.dictionaries.record_columns(staged.name, staged.bits)
        if staged.mart.entity.has_status:
            statuses = f"select _id as _status from {ACCEPTED_STATUSES.name}"
            self._uploader.journal.dictionaries.number_statuses(statuses)
        self._ensure_attributes(staged.mart)
        with self._report.progress(staged.name, total) as bar:
            if staged.mart.entity.is_reference_list:
                upload_no, requests, size = send_list(self._wh, self._uploader, staged, total)
                sent.rows, sent.uploads, sent.bytes = total, requests, size
                self._report.event(
                    "upload",
                    f"{staged.name}: the list was accepted, {counted(total, 'row')} of it changed",
                    mart=staged.name,
                    upload=upload_no,
                    rows=total,
                    bytes=size,
                    status="PASSED",
                )
                bar(total)
                return
            for wave in waves(self._wh, staged, chunks):
                if wave.number > 1:
                    if not self._may_go(staged, wave, reserved):
                        self._postpone(staged, wave)
                        break
                    self._report.line(
                        f"{staged.name}: another status to send of {counted(wave.rows, 'order')}",
                        mart=staged.name,
                    )
                self._send_wave(staged, wave, sent, bar, reserved)

    def _ensure_attributes(self, mart: Mart) -> None:
        found = differences(self._uploader.metrica, mart.entity, mart.attributes)
        for difference in found:
            if difference.is_conflict:
                raise MetricaError(difference.explain())
        owner, missing = mart.entity.attribute_owner, [each.attribute for each in found]
        if missing and owner is not None:
            self._uploader.metrica.create_attributes(owner, missing)
            names = ", ".join(attribute.name for attribute in missing)
            self._report.line(f"{mart.name}: created attributes {names}", mart=mart.name)

    def _may_go(self, staged: StagedMart, wave: Wave, reserved: int) -> bool:
        """Return whether a later wave belongs to this run.

        Long paths need a request for each step, and later runs of the day need requests, too.
        """
        spare = self._spare(reserved) - len(wave.chunks)
        return wave.number <= staged.limits.max_steps and spare >= self._uploader.budget // 2

    def _postpone(self, staged: StagedMart, wave: Wave) -> None:
        """Leave the orders of a wave to the next run.

        Each order gets the verdict `steps_left`: the next run then compares it even behind the
        watermark.
        """
        left = rows(staged, wave.number)
        add_problems(self._wh, staged, left, Verdict(PENDING, "steps_left", STATUS_PATH))
        self._report.line(
            f"{staged.name}: {counted(wave.rows, 'order')} with undelivered statuses left "
            "(--max-steps); the next run continues with them",
            mart=staged.name,
        )

    def _spare(self, reserved: int) -> int:
        """Return the number of requests that the first waves of all marts leave."""
        return self._uploader.budget - self._uploader.metrica.requests - reserved

    def _send_wave(
        self, staged: StagedMart, wave: Wave, sent: Sent, bar: Bar, reserved: int
    ) -> None:
        wh, mart = self._wh, staged.mart
        suffix = suffix_of(staged, wave.rows)

        def spend(requests: int) -> bool:
            return self._spend(staged, requests, reserved + len(search.waiting))

        search = Search(wh, staged, wave.number, wave.chunks, spend)
        refused = RefusedFiles(search, self._report, sent)
        with prefetch(self._uploader, search, suffix) as ready:
            for prepared in ready:
                chunk = prepared.chunk
                # Counted before the upload, since the warehouse may be gone afterwards.
                completed = self._completed(staged, wave.number, chunk)
                answer = self._upload(staged, prepared, completed)
                sent.uploads += 1
                sent.bytes += prepared.file.size
                self._report.event(
                    "upload",
                    f"{staged.name}: upload {prepared.upload_no} of {counted(chunk.rows, 'row')} "
                    f"is {answer.status}",
                    mart=staged.name,
                    upload=prepared.upload_no,
                    uploading_id=answer.uploading_id,
                    wave=wave.number,
                    rows=chunk.rows,
                    bytes=prepared.file.size,
                    status=answer.status,
                )
                if answer.status == "PASSED":
                    sent.rows += completed
                    sent.erased += 0 if mart.has_path else chunk.rows - completed
                    bar(completed if mart.has_path else chunk.rows)
                if settled := refused.settle(chunk, answer):
                    bar(settled)

    def _spend(self, staged: StagedMart, requests: int, reserved: int) -> bool:
        """Take requests for the search for bad rows; return False if too few are left."""
        allowed = min(staged.limits.split_requests, self._uploader.budget // 2)
        if min(allowed - self._split_requests, self._spare(reserved)) < requests:
            return False
        self._split_requests += requests
        return True

    def _completed(self, staged: StagedMart, wave: int, chunk: Chunk) -> int:
        """Return the number of mart rows that a chunk delivers completely."""
        if not staged.is_erasing and not has_later_steps(self._wh, staged, wave):
            return chunk.rows
        complete = f"_steps_left = 0 and _hash <> {quote(ERASED)}"
        query = f"select count(*) from ({rows(staged, wave, chunk)}) where {complete}"
        return int(self._wh.row(query)[0])

    def _upload(self, staged: StagedMart, prepared: Prepared, completed: int) -> Answer:
        header = [column.name for column in prepared.columns]
        path, merge_mode = prepared.file.path, staged.form.merge_mode(staged.name)
        metrica = self._uploader.metrica
        try:
            with self._uploader.entry(prepared.upload_no) as record:
                return record(
                    metrica.upload(staged.mart.entity, header, path, merge_mode), completed
                )
        finally:
            path.unlink()
