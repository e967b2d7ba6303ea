"""The ledger: what Metrica has, kept in the warehouse, counter by counter.

A delivery is written before its upload starts and counts once the upload is PASSED.
Of several deliveries of one row the one of the latest upload holds.
"""

from decimal import Decimal

from exporter.entries import EntityCounts, Upload, Watermark
from exporter.errors import LedgerError
from exporter.manifest import LEDGER_SCHEMA as SCHEMA
from exporter.warehouse import HERE, Attached, quote

VERSION = 2
"""Of the ledger's tables. A ledger of a later version is left alone."""

TABLES = {
    "ledger_version",
    "ledger_runs",
    "ledger_run_entities",
    "ledger_uploads",
    "ledger_deliveries",
    "ledger_verdicts",
    "ledger_watermarks",
}

L = f"{HERE}{SCHEMA}"


class Ledger:
    """The ledger of one counter. Reading works before the first run has made it."""

    def __init__(self, wh: Attached, counter_id: int) -> None:
        """Look which ledger there is; LedgerError if a later version's, or damaged."""
        self._wh = wh
        self.counter_id = counter_id
        self.version = self._find_version()

    @property
    def exists(self) -> bool:
        """Whether a run has made the ledger."""
        return self.version > 0

    def _find_version(self) -> int:
        tables = {
            name
            for (name,) in self._wh.rows(
                "select table_name from duckdb_tables() "
                "where database_name = 'wh' and schema_name = ?",
                [SCHEMA],
            )
        }
        if not tables & TABLES:
            return 0
        found = []
        if tables >= TABLES:
            found = self._wh.rows(f"select version from {L}.ledger_version")
        if len(found) != 1:
            missing = ", ".join(sorted(TABLES - tables)) or "the one row of ledger_version"
            raise LedgerError(
                f"The ledger is damaged: schema {SCHEMA} lacks {missing}. Restore it from a "
                f"backup. If there is none, drop schema {SCHEMA}: the next run makes a new ledger "
                "and sends every row once more, which changes nothing in Metrica."
            )
        version = int(found[0][0])
        if version > VERSION:
            raise LedgerError(
                f"The ledger is of version {version} and this program knows {VERSION}: "
                "upgrade metrica-crm-export."
            )
        return version

    def check_destination(self, *, is_local: bool) -> None:
        """Refuse to mix what an emulator has with what Metrica has.

        Raises LedgerError when this counter's uploads went to the other one of the two.
        """
        if not self.exists:
            return
        other = self._wh.rows(
            f"select 1 from {L}.ledger_uploads where counter_id = ? and status = 'PASSED' "
            "and local_api is distinct from ? limit 1",
            [self.counter_id, is_local],
        )
        if other:
            there, here = ("Metrica", "an emulator") if is_local else ("an emulator", "Metrica")
            raise LedgerError(
                f"The ledger's uploads of counter {self.counter_id} went to {there}, and this run "
                f"would go to {here}, which has none of them: use another counter number."
            )

    # What is known, for the delta.

    def watermark(self, entity: str) -> Watermark | None:
        """Return what the last complete pass over the mart saw, None before the first."""
        if not self.exists:
            return None
        found = self._wh.rows(
            f"select cast(updated_at as text), mart_rows, cast(fingerprint as text) "
            f"from {L}.ledger_watermarks where counter_id = ? and entity = ?",
            [self.counter_id, entity],
        )
        return Watermark(found[0][0], found[0][1], Decimal(found[0][2])) if found else None

    def delivered(self, entity: str, ids: str | None = None) -> str:
        """Return a FROM item of PASSED deliveries: `_id`, `_hash`, `_upload_no`.

        `ids` is a query of the ids that matter; with it the warehouse does the join.
        """
        if not self.exists:
            return f"(select _id, _hash, 0 as _upload_no from ({_EMPTY_VERDICTS}))"
        query = f"""
            select d.id as "_id", d.row_hash as "_hash", d.upload_no as "_upload_no"
            from {L}.ledger_deliveries d
            join {L}.ledger_uploads u on u.upload_no = d.upload_no
            where d.entity = {quote(entity)} and u.counter_id = {self.counter_id}
                and u.status = 'PASSED'
        """
        if ids is None:
            return f"({query})"
        return self._wh.remote(f"{query} and d.id in ({ids})")

    def verdicts(self, entity: str) -> str:
        """Return a FROM item of the standing verdicts."""
        if not self.exists:
            return f"({_EMPTY_VERDICTS})"
        return f"""
            (select id as "_id", row_hash as "_hash", state as "_state",
                column_name as "_column", reason as "_reason", detail as "_detail"
            from {L}.ledger_verdicts
            where counter_id = {self.counter_id} and entity = {quote(entity)})
        """

    def held_ids(self, entity: str) -> str:
        """Return a query of the held rows' ids; they are looked at in every run."""
        return (
            f"select v.id from {L}.ledger_verdicts v where v.counter_id = {self.counter_id} "
            f"and v.entity = {quote(entity)} and v.state = 'held' and v.id is not null"
        )

    # What a run writes.

    def start_run(self) -> int:
        """Record that a run has begun; returns its number.

        The lock is held, so what an earlier run left open was left by one that died.
        """
        with self._wh.transaction():
            self._wh.run(
                f"update {L}.ledger_uploads set status = 'unknown', finished_at = {self._now()} "
                f"where counter_id = {self.counter_id} and status = 'started'"
            )
            self._wh.run(
                f"update {L}.ledger_runs set message = 'did not finish' "
                f"where counter_id = {self.counter_id} and finished_at is null"
            )
            (run_no,) = self._wh.row(f"select coalesce(max(run_no), 0) + 1 from {L}.ledger_runs")
            self._wh.run(
                f"insert into {L}.ledger_runs (run_no, counter_id, started_at, requests) "
                f"select {run_no}, {self.counter_id}, {self._now()}, 0"
            )
        return int(run_no)

    def finish_run(
        self, run_no: int, exit_code: int, message: str, entities: dict[str, EntityCounts]
    ) -> None:
        """Record how a run ended."""
        with self._wh.transaction():
            for entity, c in entities.items():
                self._wh.run(
                    f"insert into {L}.ledger_run_entities values (?, ?, ?, ?, ?, ?, ?, ?)",
                    [run_no, entity, c.rows, c.sent, c.unchanged, c.rejected, c.held, c.uploads],
                )
            self._wh.run(
                f"update {L}.ledger_runs set finished_at = {self._now()}, "
                "exit_code = ?, message = ? where run_no = ?",
                [exit_code, message, run_no],
            )

    def start_upload(self, upload: Upload, sent: str) -> int:
        """Record an upload and the rows in it before the first byte goes out.

        `sent` is a query of `_id` and `_hash`. Returns the upload's number.
        """
        with self._wh.transaction():
            (upload_no,) = self._wh.row(
                f"select coalesce(max(upload_no), 0) + 1 from {L}.ledger_uploads"
            )
            self._wh.run(
                f"insert into {L}.ledger_deliveries "
                f'select {upload_no}, {quote(upload.entity)}, "_id", "_hash" from ({sent})'
            )
            u = upload
            self._wh.run(
                f"insert into {L}.ledger_uploads (upload_no, run_no, counter_id, entity, "
                "byte_count, sha256, local_api, row_count, started_at, status) "
                f"select ?, ?, ?, ?, ?, ?, ?, count(*), {self._now()}, 'started' from ({sent})",
                [upload_no, u.run_no, self.counter_id, u.entity, u.size, u.sha256, u.is_local],
            )
        return int(upload_no)

    def count_requests(self, run_no: int, requests: int) -> None:
        """Record how many requests a run has made, so that the day's share holds."""
        self._wh.run(
            f"update {L}.ledger_runs set requests = ? where run_no = ?", [requests, run_no]
        )

    def requests_today(self) -> int:
        """Return how many requests runs have made since 00:00 GMT, when quotas start anew."""
        (found,) = self._wh.row(
            f"select coalesce(sum(requests), 0) from {L}.ledger_runs where counter_id = ? "
            f"and started_at >= date_trunc('day', {self._now()})",
            [self.counter_id],
        )
        return int(found)

    def unknown_uploads(self) -> dict[str, int]:
        """Return Metrica's id → number of recent uploads whose outcome is not known."""
        return dict(
            self._wh.rows(
                f"select uploading_id, upload_no from {L}.ledger_uploads where counter_id = ? "
                "and status = 'unknown' and uploading_id is not null "
                f"and started_at > {self._now()} - interval '2 days'",
                [self.counter_id],
            )
        )

    def end_upload(self, upload_no: int, status: str, uploading_id: str | None) -> None:
        """Record Metrica's answer; PASSED is what makes the upload's rows count as sent."""
        with self._wh.transaction():
            self._wh.run(
                f"update {L}.ledger_uploads set status = ?, uploading_id = ?, "
                f"finished_at = {self._now()} where upload_no = ?",
                [status, uploading_id, upload_no],
            )

    def end_pass(self, run_no: int, entity: str, verdicts: str, seen: Watermark | None) -> None:
        """Put the verdicts of a pass in place of the last one's, and what it saw if complete.

        `verdicts` is a query of `_id`, `_hash`, `_state`, `_column`, `_reason`, `_detail`.
        A pass that was cut short leaves the watermark where it was: the next one then finds
        that the rows behind it are not the same ones, and compares everything.
        """
        mine = f"counter_id = {self.counter_id} and entity = {quote(entity)}"
        with self._wh.transaction():
            self._wh.run(f"delete from {L}.ledger_verdicts where {mine}")
            self._wh.run(
                f"insert into {L}.ledger_verdicts select {self.counter_id}, {quote(entity)}, "
                f'"_id", "_hash", "_state", "_column", "_reason", {run_no}, {self._now()}, '
                f'"_detail" from ({verdicts})'
            )
            if seen is None:
                return
            marked = "null" if seen.updated_at is None else f"timestamptz {quote(seen.updated_at)}"
            self._wh.run(f"delete from {L}.ledger_watermarks where {mine}")
            self._wh.run(
                f"insert into {L}.ledger_watermarks values ({self.counter_id}, {quote(entity)}, "
                f"{marked}, {seen.mart_rows}, {seen.fingerprint}, {run_no})"
            )

    def _now(self) -> str:
        # The warehouse's clock, so that times of runs from several machines compare.
        now = self._wh.remote('select cast(now() as text) as "now"')
        return f'(select cast("now" as timestamptz) from {now})'


_EMPTY_VERDICTS = """
    select cast(null as text) as _id, cast(null as text) as _hash, cast(null as text) as _state,
        cast(null as text) as _column, cast(null as text) as _reason, cast(null as text) as _detail
    where false
"""
