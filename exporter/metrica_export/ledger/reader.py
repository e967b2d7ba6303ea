"""The ledger: what Metrica has, kept in the warehouse, counter by counter.

A delivery is written before its upload starts and counts once the upload is PASSED.
Of several deliveries of one row the one of the latest upload holds.
"""

from decimal import Decimal

from metrica_export.errors import LedgerError
from metrica_export.ledger.records import Watermark
from metrica_export.warehouse.connection import LEDGER, Attached
from metrica_export.warehouse.sql import quote

VERSION = 4
"""Of the ledger's tables. A ledger of a later version is left alone."""

_TABLES = {
    "ledger_version": 1,
    "ledger_runs": 1,
    "ledger_run_entities": 1,
    "ledger_uploads": 1,
    "ledger_deliveries": 1,
    "ledger_verdicts": 1,
    "ledger_watermarks": 1,
    "ledger_columns": 3,
    "ledger_statuses": 3,
    "ledger_goals": 3,
}
"""Table → the version that it came with."""


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
                [self._wh.ledger_schema],
            )
        }
        if not tables & _TABLES.keys():
            return 0
        found = []
        if "ledger_version" in tables:
            found = self._wh.rows(f"select version from {LEDGER}.ledger_version")
        version = int(found[0][0]) if len(found) == 1 else 1
        lacking = {table for table, since in _TABLES.items() if since <= version} - tables
        if len(found) != 1 or lacking:
            missing = ", ".join(sorted(lacking)) or "the one row of ledger_version"
            schema = self._wh.ledger_schema
            raise LedgerError(
                f"The ledger is damaged: schema {schema} lacks {missing}. Restore it from a "
                f"backup, or drop schema {schema} if there is none. Then run `metrica-export "
                "recover`: the next run sends every row once more, and no order an older status."
            )
        if version > VERSION:
            raise LedgerError(
                f"The ledger is of version {version} and this program knows {VERSION}: "
                "upgrade metrica-crm-export."
            )
        return version

    # What is known, for the delta.

    def watermark(self, entity: str) -> Watermark | None:
        """Return what the last complete pass over the mart saw, None before the first.

        None too when an upload since then has no known outcome: a row of it that has been
        turned back meanwhile looks untouched, and Metrica may have the other state.
        """
        if self.version < _WITH_VANISHED:
            return None
        found = self._wh.rows(
            f"""
            select cast(updated_at as text), mart_rows, cast(fingerprint as text), vanished
            from {LEDGER}.ledger_watermarks w
            where counter_id = ? and entity = ? and not exists (
                select 1 from {LEDGER}.ledger_uploads u
                where u.counter_id = w.counter_id and u.entity = w.entity
                    and u.run_no > w.run_no and u.status in ({_UNDECIDED})
            )
            """,
            [self.counter_id, entity],
        )
        if not found:
            return None
        ((updated_at, rows, fingerprint, vanished),) = found
        return Watermark(updated_at, rows, Decimal(fingerprint), vanished)

    def delivered(self, entity: str, among: str | None = None) -> str:
        """Return a FROM item of the PASSED ones of `deliveries`."""
        return f"(from {self.deliveries(entity, among)} where _passed)"

    def deliveries(self, entity: str, among: str | None = None, more: str = "") -> str:
        """Return a FROM item of deliveries that are PASSED, or may have arrived.

        It has `_id`, `_hash`, `_upload_no` and `_passed`. `among` is a query of local ids
        (`_id`) that are of interest; others may be left out.
        """
        if not self.exists:
            return (
                f"(select _id, _hash, 0 as _upload_no, false as _passed from ({_EMPTY_VERDICTS}))"
            )
        query = f"""
            select d.id as "_id", d.row_hash as "_hash", d.upload_no as "_upload_no",
                (u.status = 'PASSED') as "_passed"{more}
            from {LEDGER}.ledger_deliveries d
            join {LEDGER}.ledger_uploads u on u.upload_no = d.upload_no
            where d.entity = {quote(entity)} and u.counter_id = {self.counter_id}
                and u.status in ('PASSED', {_UNDECIDED})
        """
        few = self._wh.few(among) if among and self._wh.is_postgres else None
        if few is not None:
            # In the order of the index, which is that of bytes: fast to make in any locale.
            return self._wh.remote(f'{query} and d.id collate "C" = any({few})')
        return f"({query})"

    def details(self, entity: str, among: str | None = None) -> str:
        """Return `deliveries` with what was said in them.

        It has `_status`, `_step`, `_created` and `_filled`, too; what an earlier version of the
        ledger did not record is NULL.
        """
        if self.version < _WITH_DETAILS:
            return f"""
                (select *, cast(null as text) as _status, cast(null as integer) as _step,
                    cast(null as timestamp) as _created, cast(null as bigint) as _filled
                from {self.deliveries(entity, among)})
            """
        said = (
            ', d.order_status as "_status", d.step as "_step", '
            'd.create_date_time as "_created", d.filled as "_filled"'
        )
        return self.deliveries(entity, among, said)

    def verdicts(self, entity: str) -> str:
        """Return a FROM item of the standing verdicts.

        `_since` is the run that first gave the row one, in an unbroken series of runs.
        """
        if not self.exists:
            return f"({_EMPTY_VERDICTS})"
        return f"""
            (select id as "_id", row_hash as "_hash", state as "_state",
                column_name as "_column", reason as "_reason",
                {"detail" if self.version > 1 else "cast(null as text)"} as "_detail",
                run_no as "_since"
            from {LEDGER}.ledger_verdicts
            where counter_id = {self.counter_id} and entity = {quote(entity)})
        """

    def column_bits(self, entity: str) -> dict[str, int]:
        """Return which bit of `filled` stands for which column."""
        if self.version < _WITH_DETAILS:
            return {}
        return dict(
            self._wh.rows(
                f"select column_name, bit_no from {LEDGER}.ledger_columns where entity = ?",
                [entity],
            )
        )

    def statuses(self) -> str:
        """Return a FROM item of the mapping that Metrica last took from us: `_id`, `_type`."""
        if self.version < _WITH_DETAILS:
            return f"(select _id, _id as _type from ({_EMPTY_VERDICTS}))"
        return (
            f'(select id as "_id", type as "_type" from {LEDGER}.ledger_statuses '
            f"where counter_id = {self.counter_id})"
        )

    def goals(self) -> str:
        """Return a FROM item of the counter's JavaScript goals (`_id`) as a run last saw them."""
        if self.version < _WITH_DETAILS:
            return f"(select _id from ({_EMPTY_VERDICTS}))"
        return (
            f'(select goal_id as "_id" from {LEDGER}.ledger_goals '
            f"where counter_id = {self.counter_id})"
        )

    def last_complete(self) -> dict[str, tuple[int, int]]:
        """Return entity → number of the last complete run over its mart, and the rows it had."""
        if not self.exists:
            return {}
        found = self._wh.rows(
            f"""
            select e.entity, max(e.run_no), arg_max(e.mart_rows, e.run_no)
            from {LEDGER}.ledger_run_entities e
            join {LEDGER}.ledger_runs r on r.run_no = e.run_no
            where r.counter_id = ? and r.exit_code in (0, 1)
            group by e.entity
            """,
            [self.counter_id],
        )
        return {entity: (run_no, rows) for entity, run_no, rows in found}

    def held_ids(self, entity: str) -> str:
        """Return a query of the ids of held and pending rows, which every run looks at."""
        return (
            f"select v.id from {LEDGER}.ledger_verdicts v where v.counter_id = {self.counter_id} "
            f"and v.entity = {quote(entity)} and v.state <> 'rejected' and v.id is not null"
        )


RECOVERED = "recovered: Metrica may have any state of any row"
"""The message of a run that `metrica-export recover` records."""

_WITH_DETAILS = 3
"""The version that began to record what a delivery said."""

_WITH_VANISHED = 4
"""The version that began to count vanished rows."""

NOT_TAKEN = "'FAILED', 'prepared'"
"""Statuses of an upload that has left Metrica as it was."""

_UNDECIDED = "'started', 'unknown'"
"""Statuses of an upload that Metrica may have taken."""

_EMPTY_VERDICTS = """
    select cast(null as text) as _id, cast(null as text) as _hash, cast(null as text) as _state,
        cast(null as text) as _column, cast(null as text) as _reason, cast(null as text) as _detail,
        cast(null as bigint) as _since
    where false
"""
