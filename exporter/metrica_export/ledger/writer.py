"""The writing side of the ledger: a run's own entry, its uploads, and its verdicts.

Each method is one transaction. Every time is the warehouse's, so that times of runs from
several machines compare.
"""

from collections.abc import Iterable

from metrica_export.ledger import run_counts
from metrica_export.ledger.records import EntityCounts, Upload, Watermark
from metrica_export.metrica.redaction import printable
from metrica_export.warehouse.connection import LEDGER as L
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.sql import literal, quote
from metrica_export.warehouse.sql_files import render
from metrica_export.warehouse.staging import STATUS_NUMBERS


class Journal:
    """The writing side of a counter's ledger; only a run that holds the lock has one."""

    def __init__(self, wh: Attached, counter_id: int) -> None:
        """Take a warehouse whose ledger `open_ledger` has opened."""
        self._wh, self._counter_id, self._run_no = wh, counter_id, 0

    @property
    def run_no(self) -> int:
        """The number of the run that is recorded."""
        return self._run_no

    def beside(self, wh: Attached) -> "Journal":
        """Return the same journal of the same run, to be used in another thread."""
        other = Journal(wh, self._counter_id)
        other._run_no = self._run_no
        return other

    def start_run(self) -> tuple[int, int]:
        """Record that a run has started; return its number and the warehouse's time in µs.

        The run holds the lock, so an earlier run that has not ended was killed.
        """
        self._run_no = self._next("run")
        mine = f"where counter_id = {self._counter_id} and"
        self._change(
            f"update {L}.ledger_uploads set finished_at = now(), status = 'unknown' "
            f"{mine} status = 'started'",
            *self._withdraw(f"{mine} status = 'prepared'"),
            f"update {L}.ledger_runs set message = 'did not finish' {mine} finished_at is null",
            f"insert into {L}.ledger_runs (run_no, counter_id, started_at, requests) "
            f"values ({self._run_no}, {self._counter_id}, now(), 0)",
        )
        self._wh.run(STATUS_NUMBERS.create_empty())
        started = f"select epoch_us(started_at) from {L}.ledger_runs where run_no = {self._run_no}"
        return self._run_no, int(self._wh.row(started)[0])

    def record_counts(self, entities: dict[str, EntityCounts]) -> None:
        """Record the counts of the judged marts; `end_upload` adds the rows of each upload."""
        self._change(*run_counts.record(self._run_no, entities))

    def finish_run(
        self, exit_code: int, message: str, requests: int, entities: dict[str, EntityCounts]
    ) -> None:
        """Record how the run ended."""
        self._change(
            *run_counts.record(self._run_no, entities),
            f"update {L}.ledger_runs set finished_at = now(), exit_code = {exit_code}, "
            f"message = {quote(printable(message))}, requests = {requests} "
            f"where run_no = {self._run_no}",
        )

    def index(self) -> None:
        """Create the index for lookups of a few ids, unless it exists.

        A run calls it at its end, so the first load meets no index. It stays for later loads: to
        drop it would lock out the runs of other counters.
        """
        if self._wh.is_postgres:
            self._wh.command(
                "set local maintenance_work_mem = '256MB'",
                "create index if not exists ledger_deliveries_by_id "
                f'on {L}.ledger_deliveries (id collate "C")',
            )

    def next_upload(self) -> int:
        """Return the number of the next upload to prepare."""
        return self._next("upload")

    def prepare_upload(self, upload_no: int, upload: Upload, sent: str) -> None:
        """Record an upload and the rows in it, before the first byte goes out.

        `sent` is a query of `sendable.deliveries`. It counts for nothing until `start_upload`.
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
                    rows=sent,
                    status_numbers=STATUS_NUMBERS.name,
                )
            )
            self._wh.command(recorded)

    def start_upload(self, upload_no: int, requests: int) -> None:
        """Record that a prepared upload goes out now, as the run's request of that number."""
        self._change(
            f"update {L}.ledger_uploads set status = 'started', started_at = now() "
            f"where upload_no = {upload_no}",
            f"update {L}.ledger_runs set requests = {requests} where run_no = {self._run_no}",
        )

    def withdraw_upload(self, upload_no: int) -> None:
        """Forget an upload that was prepared and never sent, and the rows in it."""
        self._change(*self._withdraw(f"where upload_no = {upload_no}"))

    def _withdraw(self, which: str) -> tuple[str, str]:
        uploads = f"(select upload_no from {L}.ledger_uploads {which})"
        return (
            f"delete from {L}.ledger_deliveries where upload_no in {uploads}",
            f"delete from {L}.ledger_uploads {which}",
        )

    def requests_today(self) -> int:
        """Return how many requests runs have made since 00:00 GMT, as Metrica's quotas count."""
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
        """Record Metrica's answer; PASSED is what makes the upload's rows count as delivered.

        It delivers `completed` rows, which this counts; None for an earlier run's upload.
        """
        self._change(
            f"update {L}.ledger_uploads set status = {quote(status)}, "
            f"uploading_id = {literal(uploading_id)}, finished_at = now() "
            f"where upload_no = {upload_no}",
            *([] if completed is None else [run_counts.add(self._run_no, upload_no, completed)]),
        )

    def end_pass(self, entity: str, verdicts: str, seen: Watermark | None) -> None:
        """Replace the verdicts of the last pass, and the watermark if this pass was complete.

        `verdicts` is a query of `_id`, `_hash`, `_state`, `_column`, `_reason`, `_detail` and
        `_since`, NULL for this run.
        A pass that was cut short removes the watermark. If it stayed, a previously held row
        would be skipped: it has no verdict and looks delivered.
        """
        mine = f"counter_id = {self._counter_id} and entity = {quote(entity)}"
        watermark = []
        if seen is not None:
            marked = "null" if seen.updated_at is None else f"timestamptz {quote(seen.updated_at)}"
            watermark.append(
                f"insert into {L}.ledger_watermarks values ({self._counter_id}, {quote(entity)}, "
                f"{marked}, {seen.mart_rows}, {seen.fingerprint}, {self._run_no}, {seen.vanished})"
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
                f"delete from {L}.ledger_verdicts where {mine}",
                f"delete from {L}.ledger_watermarks where {mine}",
                *watermark,
            )
            if self._wh.rows(f"from ({verdicts}) limit 1"):
                self._wh.run(recorded)

    def forget_watermark(self, entity: str) -> None:
        """Let the next run compare the whole mart."""
        self._change(
            f"delete from {L}.ledger_watermarks where counter_id = {self._counter_id} "
            f"and entity = {quote(entity)}"
        )

    def keep_columns(self, entity: str, bits: dict[str, int]) -> None:
        """Record which bit of `filled` stands for which column; a recorded column keeps its bit."""
        values = ", ".join(
            f"({self._counter_id}, {quote(entity)}, {quote(column)}, {bit})"
            for column, bit in sorted(bits.items())
        )
        self._change(f"insert into {L}.ledger_columns values {values} on conflict do nothing")

    def number_statuses(self, statuses: str) -> None:
        """Give each order status (`_status`) of a query the number that stands for it.

        A status keeps its number. `prepare_upload` reads the numbers from the staging table.
        """
        self._wh.run(
            f"create or replace table {STATUS_NUMBERS.name} as select status as _status, "
            f"cast(status_no as integer) as _no, false as _is_new from {L}.ledger_status_numbers "
            f"where counter_id = {self._counter_id}"
        )
        self._wh.run(
            render(
                __package__,
                "number_statuses",
                statuses=statuses,
                status_numbers=STATUS_NUMBERS.name,
            )
        )
        if self._wh.rows(f"from {STATUS_NUMBERS.name} where _is_new limit 1"):
            self._wh.run(
                f"insert into {L}.ledger_status_numbers "
                f"select {self._counter_id}, _no, _status from {STATUS_NUMBERS.name} where _is_new"
            )

    def keep_statuses(self, statuses: str) -> None:
        """Replace the mapping of statuses with the one that Metrica has accepted now.

        `statuses` is a query of `id`, `type`, `humanized` and `goal_action_ids`.
        """
        with self._wh.transaction():
            self._wh.run(f"delete from {L}.ledger_statuses where counter_id = {self._counter_id}")
            self._wh.run(
                f"insert into {L}.ledger_statuses "
                f"select {self._counter_id}, id, type, humanized, goal_action_ids "
                f"from ({statuses})"
            )

    def keep_goals(self, goals: Iterable[str]) -> None:
        """Replace the counter's recorded JavaScript goals."""
        with self._wh.transaction():
            self._wh.run(f"delete from {L}.ledger_goals where counter_id = {self._counter_id}")
            self._wh.run(
                f"insert into {L}.ledger_goals select {self._counter_id}, unnest(?)",
                [sorted(goals)],
            )

    def _change(self, *statements: str) -> None:
        with self._wh.transaction():
            self._wh.command(*statements)

    def _next(self, what: str) -> int:
        # A sequence, since runs for other counters take numbers at the same time.
        number = f"select nextval('{L}.ledger_{what}_numbers') as number"
        (found,) = self._wh.row(f"select number from {self._wh.remote(number)}")
        return int(found)
