"""The writing side of a counter's ledger: the entry of a run, its uploads, and its verdicts.

Each method is one transaction. All times come from the warehouse's clock, so that runs on
several machines can be compared.
"""

from collections.abc import Mapping

from metrica_export.ledger import run_counts
from metrica_export.ledger.dictionaries import Dictionaries
from metrica_export.ledger.records import EntityCounts, Upload, Watermark
from metrica_export.metrica.redaction import json_line, printable
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.marks import LEDGER as L
from metrica_export.warehouse.sql import literal, quote
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import STATUS_NUMBERS


class Journal:
    """Writes the entries of one run. Only a run that holds the lock has one."""

    def __init__(self, wh: Attached, counter_id: int) -> None:
        """Take a warehouse whose ledger `open_ledger` has opened."""
        self._wh, self._counter_id, self._run_no = wh, counter_id, 0
        self.dictionaries = Dictionaries(wh, counter_id)

    @property
    def run_no(self) -> int:
        """The number of the run that is recorded."""
        return self._run_no

    def for_session(self, wh: Attached) -> "Journal":
        """Return the journal of the same run for another session, to use in another thread."""
        other = Journal(wh, self._counter_id)
        other._run_no = self._run_no
        return other

    def start_run(self) -> tuple[int, int]:
        """Record the start of a run; return its number and the warehouse's time in µs.

        This run holds the lock, so an earlier run without an end was killed.
        """
        self._run_no = self._next("run")
        of_counter = f"where counter_id = {self._counter_id} and"
        self._change(
            f"update {L}.ledger_uploads set finished_at = now(), status = 'unknown' "
            f"{of_counter} status = 'started'",
            *self._withdraw(f"{of_counter} status = 'prepared'"),
            f"update {L}.ledger_runs set message = 'did not finish' "
            f"{of_counter} finished_at is null",
            f"insert into {L}.ledger_runs (run_no, counter_id, started_at, requests) "
            f"values ({self._run_no}, {self._counter_id}, now(), 0)",
        )
        self.dictionaries.create_status_numbers()
        started = f"select epoch_us(started_at) from {L}.ledger_runs where run_no = {self._run_no}"
        return self._run_no, int(self._wh.row(started)[0])

    def record_counts(self, entities: dict[str, EntityCounts]) -> None:
        """Record the counts of the reviewed marts; `end_upload` adds the rows of each upload."""
        self._change(*run_counts.record(self._run_no, entities))

    def finish_run(
        self,
        exit_code: int,
        message: str,
        requests: int,
        entities: dict[str, EntityCounts],
        texts: Mapping[str, str] | None = None,
    ) -> None:
        """Record the end of the run; `texts` is the message by language, if it has several."""
        translated = quote(json_line(dict(texts))) if texts else "null"
        self._change(
            *run_counts.record(self._run_no, entities),
            f"update {L}.ledger_runs set finished_at = now(), exit_code = {exit_code}, "
            f"message = {quote(printable(message))}, message_texts = {translated}, "
            f"requests = {requests} "
            f"where run_no = {self._run_no}",
        )

    def index(self) -> None:
        """Create the index for lookups of a few ids, unless it exists.

        A run calls it at its end, so that the first load fills a table without an index. The index
        stays for later loads: dropping it would block the runs of other counters.
        """
        if self._wh.ledger_is_postgres:
            self._wh.command(
                "set local maintenance_work_mem = '256MB'",
                "create index if not exists ledger_deliveries_by_id "
                f'on {L}.ledger_deliveries (id collate "C")',
            )

    def next_upload(self) -> int:
        """Return the number of the next upload to prepare."""
        return self._next("upload")

    def prepare_upload(self, upload_no: int, upload: Upload, deliveries: str) -> None:
        """Record an upload and its deliveries, before the first byte is sent.

        `deliveries` is a query of `sendable.deliveries`. They do not count before `start_upload`.
        """
        recorded = render(
            __package__,
            "record_upload",
            ledger=L,
            upload_no=upload_no,
            run_no=self._run_no,
            counter_id=self._counter_id,
            entity=quote(upload.entity),
            row_count=upload.rows,
            byte_count=upload.size,
            sha256=quote(upload.sha256),
            local_api=str(upload.is_local).lower(),
        )
        with self._wh.transaction():
            self._wh.run(
                render(
                    __package__,
                    "record_deliveries",
                    ledger=L,
                    upload_no=upload_no,
                    rows=deliveries,
                    status_numbers=STATUS_NUMBERS.name,
                )
            )
            self._wh.command(recorded)

    def start_upload(self, upload_no: int, requests: int) -> None:
        """Record the start of a prepared upload, and the run's number of requests with it."""
        self._change(
            f"update {L}.ledger_uploads set status = 'started', started_at = now() "
            f"where upload_no = {upload_no}",
            f"update {L}.ledger_runs set requests = {requests} where run_no = {self._run_no}",
        )

    def withdraw_upload(self, upload_no: int) -> None:
        """Delete a prepared upload that was never sent, and its deliveries."""
        self._change(*self._withdraw(f"where upload_no = {upload_no}"))

    def _withdraw(self, condition: str) -> tuple[str, str]:
        uploads = f"(select upload_no from {L}.ledger_uploads {condition})"
        return (
            f"delete from {L}.ledger_deliveries where upload_no in {uploads}",
            f"delete from {L}.ledger_uploads {condition}",
        )

    def requests_today(self) -> int:
        """Return the number of requests since 00:00 GMT, when Metrica renews its quotas."""
        (found,) = self._wh.row(
            f"select coalesce(sum(requests), 0) from {L}.ledger_runs where counter_id = ? "
            f"and started_at >= date_trunc('day', {self._wh.now})",
            [self._counter_id],
        )
        return int(found)

    def unknown_uploads(self) -> dict[str, int]:
        """Return Metrica's id → number of recent uploads whose outcome is unknown."""
        counter_id, now = self._counter_id, self._wh.now
        query = render(__package__, "unknown_uploads", ledger=L, counter_id=counter_id, now=now)
        return dict(self._wh.rows(query))

    def end_upload(
        self, upload_no: int, status: str, uploading_id: str | None, completed: int | None = None
    ) -> None:
        """Record Metrica's answer. PASSED makes the upload's rows count as delivered.

        `completed` rows are added to the counts of this run; None is for an earlier run's upload.
        """
        self._change(
            f"update {L}.ledger_uploads set status = {quote(status)}, "
            f"uploading_id = {literal(uploading_id)}, finished_at = now() "
            f"where upload_no = {upload_no}",
            *([] if completed is None else [run_counts.add(self._run_no, upload_no, completed)]),
        )

    def end_pass(self, entity: str, verdicts: str, watermark: Watermark | None) -> None:
        """Replace the verdicts of the last pass, and the watermark if this pass was complete.

        `verdicts` is a query of `_id`, `_hash`, `_state`, `_column`, `_reason`, `_detail` and
        `_since`, NULL for this run.
        A pass that was cut short removes the watermark. If it stayed, a previously held row
        would be skipped: it has no verdict and looks delivered.
        """
        of_mart = f"counter_id = {self._counter_id} and entity = {quote(entity)}"
        inserts = []
        if watermark is not None:
            since = watermark.updated_at
            updated_at = "null" if since is None else f"timestamptz {quote(since)}"
            inserts.append(
                f"insert into {L}.ledger_watermarks values ({self._counter_id}, {quote(entity)}, "
                f"{updated_at}, {watermark.mart_rows}, {watermark.checksum}, {self._run_no}, "
                f"{watermark.vanished})"
            )
        recorded = render(
            __package__,
            "record_verdicts",
            ledger=L,
            counter_id=self._counter_id,
            entity=quote(entity),
            run_no=self._run_no,
            now=self._wh.now,
            verdicts=verdicts,
        )
        with self._wh.transaction():
            self._wh.command(
                f"delete from {L}.ledger_verdicts where {of_mart}",
                f"delete from {L}.ledger_watermarks where {of_mart}",
                *inserts,
            )
            if self._wh.rows(f"from ({verdicts}) limit 1"):
                self._wh.run(recorded)

    def forget_watermark(self, entity: str) -> None:
        """Delete the watermark of a mart, so that the next run compares the whole mart."""
        self._change(
            f"delete from {L}.ledger_watermarks where counter_id = {self._counter_id} "
            f"and entity = {quote(entity)}"
        )

    def _change(self, *statements: str) -> None:
        with self._wh.transaction():
            self._wh.command(*statements)

    def _next(self, kind: str) -> int:
        # A sequence, since runs of other counters take numbers at the same time.
        number = f"select nextval('{L}.ledger_{kind}_numbers') as number"
        (found,) = self._wh.row(f"select number from {self._wh.remote(number)}")
        return int(found)
