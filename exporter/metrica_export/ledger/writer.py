"""What a run writes into the ledger: its own entry, its uploads, and its verdicts.

Each method is one transaction. Every time is the warehouse's, so that times of runs from
several machines compare.
"""

from collections.abc import Iterable

from metrica_export.ledger import run_counts
from metrica_export.ledger.records import EntityCounts, Upload, Watermark
from metrica_export.metrica.redaction import printable
from metrica_export.warehouse.connection import LEDGER as L
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.sql import data, literal, quote


class Journal:
    """The writing side of a counter's ledger; only a run that holds the lock has one."""

    def __init__(self, wh: Attached, counter_id: int) -> None:
        """Take the ledger that `open_ledger` has made sure of."""
        self._wh, self._counter_id = wh, counter_id
        self._run_no = 0

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
        """Record that a run has begun; returns its number and the warehouse's time in µs.

        The lock is held, so what an earlier run left open was left by one that died.
        """
        self._run_no = self._next("run")
        mine = f"where counter_id = {self._counter_id} and"
        ended = f"update {L}.ledger_uploads set finished_at = now(), status ="
        self._change(
            f"{ended} 'unknown' {mine} status = 'started'",
            *self._withdraw(f"{mine} status = 'prepared'"),
            f"update {L}.ledger_runs set message = 'did not finish' {mine} finished_at is null",
            f"insert into {L}.ledger_runs (run_no, counter_id, started_at, requests) "
            f"values ({self._run_no}, {self._counter_id}, now(), 0)",
        )
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
        """Make the index by which few ids are looked up; after a first load, which it slows."""
        if self._wh.is_postgres:
            self._wh.command(
                "set local maintenance_work_mem = '256MB'",
                f"drop index if exists {L}.ledger_deliveries_id",
                "create index if not exists ledger_deliveries_by_id "
                f'on {L}.ledger_deliveries (id collate "C")',
            )

    def next_upload(self) -> int:
        """Return the number of an upload that is to be prepared."""
        return self._next("upload")

    def prepare_upload(self, upload_no: int, upload: Upload, sent: str) -> None:
        """Record an upload and the rows in it, before the first byte goes out.

        `sent` is a query of `sendable.deliveries`. It counts for nothing until `start_upload`.
        """
        with self._wh.transaction():
            self._wh.run(
                f"insert into {L}.ledger_deliveries (upload_no, entity, id, row_hash, "
                "order_status, step, create_date_time, filled) "
                f'select {upload_no}, {quote(upload.entity)}, "_id", "_hash", "_status", "_step", '
                f'"_created", "_filled" from ({sent})'
            )
            u = upload
            self._wh.command(
                f"insert into {L}.ledger_uploads (upload_no, run_no, counter_id, entity, "
                "byte_count, sha256, local_api, row_count, started_at, status) "
                f"values ({upload_no}, {self._run_no}, {self._counter_id}, {quote(u.entity)}, "
                f"{u.size}, {quote(u.sha256)}, {u.is_local}, {u.rows}, now(), 'prepared')"
            )

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
        """Return how many requests runs have made since 00:00 GMT, when quotas start anew."""
        (found,) = self._wh.row(
            f"select coalesce(sum(requests), 0) from {L}.ledger_runs where counter_id = ? "
            f"and started_at >= date_trunc('day', {self._wh.now})",
            [self._counter_id],
        )
        return int(found)

    def unknown_uploads(self) -> dict[str, int]:
        """Return Metrica's id → number of recent uploads whose outcome is not known."""
        return dict(
            self._wh.rows(
                f"select uploading_id, upload_no from {L}.ledger_uploads where counter_id = ? "
                "and status = 'unknown' and uploading_id is not null "
                f"and started_at > {self._wh.now} - interval '2 days'",
                [self._counter_id],
            )
        )

    def end_upload(
        self, upload_no: int, status: str, uploading_id: str | None, completed: int | None = None
    ) -> None:
        """Record Metrica's answer; PASSED is what makes the upload's rows count as sent.

        It delivers `completed` rows, which are counted; None for an earlier run's upload.
        """
        self._change(
            f"update {L}.ledger_uploads set status = {quote(status)}, "
            f"uploading_id = {literal(uploading_id)}, finished_at = now() "
            f"where upload_no = {upload_no}",
            *([] if completed is None else [run_counts.add(self._run_no, upload_no, completed)]),
        )

    def end_pass(self, entity: str, verdicts: str, seen: Watermark | None) -> None:
        """Put the verdicts of a pass in place of the last one's, and what it saw if complete.

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
        with self._wh.transaction():
            self._wh.command(
                f"delete from {L}.ledger_verdicts where {mine}",
                f"delete from {L}.ledger_watermarks where {mine}",
                *watermark,
            )
            if self._wh.rows(f"from ({verdicts}) limit 1"):
                self._wh.run(
                    f"insert into {L}.ledger_verdicts "
                    f"select {self._counter_id}, {quote(entity)}, "
                    f'"_id", "_hash", "_state", "_column", "_reason", '
                    f'coalesce("_since", {self._run_no}), '
                    f'{self._wh.now}, "_detail" from ({verdicts})'
                )

    def forget_watermark(self, entity: str) -> None:
        """Let the next run compare the whole mart."""
        self._change(
            f"delete from {L}.ledger_watermarks where counter_id = {self._counter_id} "
            f"and entity = {quote(entity)}"
        )

    def forget(self, entity: str | None, key: str | None) -> None:
        """Forget that Metrica has the present state: of all rows, of one mart, or of one row.

        The next run compares everything and sends these rows again. What stays on record is
        which status, creation date and values Metrica has of them, so that no order is told an
        older status and no first date changes.
        """
        mine = f"counter_id = {self._counter_id}"
        which = "" if entity is None else f" and entity = {quote(entity)}"
        one = "" if key is None else f" and id = {data(key, postgres=self._wh.is_postgres)}"
        self._change(
            f"update {L}.ledger_deliveries set row_hash = '' where upload_no in "
            f"(select upload_no from {L}.ledger_uploads where {mine}){which}{one}",
            f"delete from {L}.ledger_verdicts where {mine}{which}{one}",
            f"delete from {L}.ledger_watermarks where {mine}{which}",
        )

    def keep_columns(self, entity: str, bits: dict[str, int]) -> None:
        """Record which bit of `filled` stands for which column; known ones keep theirs."""
        there = self._wh.rows(
            f"select column_name from {L}.ledger_columns where entity = ?", [entity]
        )
        missing = bits.keys() - {column for (column,) in there}
        if missing:
            values = ", ".join(f"({quote(entity)}, {quote(c)}, {bits[c]})" for c in sorted(missing))
            self._change(f"insert into {L}.ledger_columns values {values} on conflict do nothing")

    def keep_statuses(self, statuses: str) -> None:
        """Record the mapping of statuses that Metrica has taken, in place of the last one.

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
        """Record the counter's JavaScript goals in place of those that were known."""
        with self._wh.transaction():
            self._wh.run(f"delete from {L}.ledger_goals where counter_id = {self._counter_id}")
            self._wh.run(
                f"insert into {L}.ledger_goals select {self._counter_id}, unnest(?)",
                [sorted(goals)],
            )

    def retry(self, entity: str | None, key: str | None) -> int:
        """Let rows that Metrica refused go again; returns how many."""
        which = (
            f"counter_id = {self._counter_id} and reason = 'refused_by_metrica'"
            + ("" if entity is None else f" and entity = {quote(entity)}")
            + ("" if key is None else f" and id = {data(key, postgres=self._wh.is_postgres)}")
        )
        with self._wh.transaction():
            found = f"select count(*) as rows from {L}.ledger_verdicts where {which}"
            (rows,) = self._wh.row(f"select rows from {self._wh.remote(found)}")
            # Held rows are looked at in every run.
            self._wh.command(f"update {L}.ledger_verdicts set state = 'held' where {which}")
        return int(rows)

    def _change(self, *statements: str) -> None:
        with self._wh.transaction():
            self._wh.command(*statements)

    def _next(self, what: str) -> int:
        # A sequence, since runs for other counters take numbers at the same time.
        number = f"select nextval('{L}.ledger_{what}_numbers') as number"
        (found,) = self._wh.row(f"select number from {self._wh.remote(number)}")
        return int(found)
