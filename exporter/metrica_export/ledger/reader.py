"""The reading side of a counter's ledger: the rows that Metrica has.

A run records a delivery before its upload starts. The delivery counts once the upload is PASSED.
The latest upload of a row decides.
"""

from copy import copy
from decimal import Decimal

from metrica_export.errors import LedgerError
from metrica_export.ledger.records import Watermark
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.sql import quote
from metrica_export.warehouse.sql_files import render

VERSION = 1
"""The version of the ledger's schema in this program."""

RECOVERED = "recovered: Metrica may have any state of any row"
"""The message of a run that `metrica-export recover` records."""

NOT_TAKEN = "'FAILED', 'prepared'"
"""The statuses of uploads that changed nothing in Metrica."""

_LISTED_UPLOADS = 2_000
"""Maximum number of uploads to list in a query of all deliveries."""

_TABLES = {
    "ledger_version",
    "ledger_runs",
    "ledger_run_entities",
    "ledger_uploads",
    "ledger_deliveries",
    "ledger_status_numbers",
    "ledger_columns",
    "ledger_verdicts",
    "ledger_watermarks",
    "ledger_filters",
    "ledger_statuses",
    "ledger_goals",
    "tied_orders",
}


class Ledger:
    """The queries of a counter's ledger, which also work before the first run creates it."""

    def __init__(self, wh: Attached, counter_id: int) -> None:
        """Look for the ledger; LedgerError if it is damaged or of another version."""
        self._wh = wh
        self.counter_id = counter_id
        self.exists = self._find()
        self._filters: list[tuple[int, str, str]] | None = None

    def for_session(self, wh: Attached) -> "Ledger":
        """Return the same ledger in another session, to use in another thread."""
        other = copy(self)
        other._wh = wh  # noqa: SLF001 - of the same class
        return other

    def _find(self) -> bool:
        schema = self._wh.ledger_schema
        tables = {
            name
            for (name,) in self._wh.rows(
                "select table_name from duckdb_tables() "
                "where database_name = 'wh' and schema_name = ?",
                [schema],
            )
        }
        if not tables & _TABLES:
            return False
        found = []
        if "ledger_version" in tables:
            found = [
                version
                for (version,) in self._wh.rows(f"from {LEDGER}.ledger_version select version")
            ]
        if len(found) == 1 and found[0] != VERSION:
            raise LedgerError(
                f"The ledger in schema {schema} has version {found[0]}, but this program needs "
                f"version {VERSION}. Install the version of metrica-crm-export that created the "
                "ledger."
            )
        if len(found) != 1 or _TABLES - tables:
            missing = ", ".join(sorted(_TABLES - tables)) or "the one row of ledger_version"
            raise LedgerError(
                f"The ledger is damaged: schema {schema} lacks {missing}. Restore it from a "
                f"backup, or drop schema {schema} if there is none. Then run `metrica-export "
                "recover`. The next run then sends every row once, and no older status of an order."
            )
        return True

    def watermark(self, entity: str) -> Watermark | None:
        """Return the watermark of the last complete pass over a mart.

        None before the first pass, and after an upload whose outcome is unknown.
        """
        found = self.exists and self._wh.rows(self._of_mart("watermark", entity))
        if not found:
            return None
        ((updated_at, rows, checksum, vanished),) = found
        return Watermark(updated_at, rows, Decimal(checksum), vanished)

    def delivered(self, entity: str, among: str | None = None) -> str:
        """Return a FROM item of the PASSED rows of `deliveries`."""
        return f"(from {self.deliveries(entity, among)} where _passed)"

    def deliveries(self, entity: str, among: str | None = None) -> str:
        """Return a FROM item of deliveries that are PASSED, or may have arrived.

        Columns: `_id`, `_hash` (empty after a reset), `_upload_no` and `_passed`. `among` is a
        query of ids (`_id`) over local tables; deliveries of other ids may be missing.
        """
        return self._deliveries(entity, among, details=False)

    def details(self, entity: str, among: str | None = None) -> str:
        """Return `deliveries` with the columns `_status`, `_step`, `_created` and `_filled`."""
        return self._deliveries(entity, among, details=True)

    def _deliveries(self, entity: str, among: str | None, *, details: bool) -> str:
        if not self.exists:
            return f"({render(__package__, 'no_deliveries')})"
        query = self._of_mart("deliveries", entity, details=details)
        if not self._wh.ledger_is_postgres:
            # DuckDB would otherwise compute the columns of all deliveries.
            return f"({query} and d.id in ({among}))" if among else f"({query})"
        few = self._wh.few(among, of_ledger=True) if among else None
        if few is not None:
            # The index has the order of bytes, which is fast to build in any locale.
            return self._wh.remote(f'{query} and d.id collate "C" in {few}')
        uploads = self._uploads(entity)
        if not uploads:
            return f"({render(__package__, 'no_deliveries')})"
        if len(uploads) <= _LISTED_UPLOADS:
            # Without this list DuckDB would read the deliveries of all marts for the join.
            query += f" and d.upload_no in ({', '.join(uploads)})"
        return f"({query})"

    def _uploads(self, entity: str) -> list[str]:
        found = self._wh.remote(self._of_mart("counted_uploads", entity))
        return [str(number) for (number,) in self._wh.rows(f"select upload_no from {found}")]

    def verdicts(self, entity: str) -> str:
        """Return a FROM item of the present verdicts.

        `_since` is the first run of the unbroken series of runs that gave the row a verdict.
        """
        if not self.exists:
            return f"({render(__package__, 'no_verdicts')})"
        return f"({self._of_mart('verdicts', entity)})"

    def column_bits(self, entity: str) -> dict[str, int]:
        """Return column → its bit in `filled`."""
        if not self.exists:
            return {}
        return dict(
            self._wh.rows(
                f"select column_name, bit_no from {LEDGER}.ledger_columns "
                "where counter_id = ? and entity = ?",
                [self.counter_id, entity],
            )
        )

    def statuses(self) -> str:
        """Return a FROM item of the mapping that Metrica last accepted: `_id`, `_type`."""
        if not self.exists:
            return "(select cast(null as text) as _id, cast(null as text) as _type where false)"
        return (
            f'(select id as "_id", type as "_type" from {LEDGER}.ledger_statuses '
            f"where counter_id = {self.counter_id})"
        )

    def mapping(self) -> str:
        """Return a FROM item of `statuses` with all fields, named as the mart's columns."""
        columns = "id", "type", "humanized", "goal_action_ids"
        if not self.exists:
            nulls = ", ".join(f"cast(null as text) as {column}" for column in columns)
            return f"(select {nulls} where false)"
        return (
            f"(select {', '.join(columns)} from {LEDGER}.ledger_statuses "
            f"where counter_id = {self.counter_id})"
        )

    def goals(self) -> str:
        """Return a FROM item of the counter's JavaScript goals (`_id`), as last read by a run."""
        if not self.exists:
            return "(select cast(null as text) as _id where false)"
        return (
            f'(select goal_id as "_id" from {LEDGER}.ledger_goals '
            f"where counter_id = {self.counter_id})"
        )

    def last_complete(self) -> dict[str, tuple[int, int]]:
        """Return entity → number of the last complete run over its mart, and the mart's rows."""
        if not self.exists:
            return {}
        found = self._wh.rows(
            render(__package__, "last_complete", ledger=LEDGER, counter_id=self.counter_id)
        )
        return {entity: (run_no, rows) for entity, run_no, rows in found}

    def has_runs(self) -> bool:
        """Return whether the counter ever had a run."""
        query = f"select 1 from {LEDGER}.ledger_runs where counter_id = ? limit 1"
        return self.exists and bool(self._wh.rows(query, [self.counter_id]))

    def filters(self) -> dict[str, str]:
        """Return entity → the filter of the counter's last run that passed the gate."""
        return {
            entity: condition
            for counter, entity, condition in self.all_filters()
            if counter == self.counter_id
        }

    def all_filters(self) -> list[tuple[int, str, str]]:
        """Return counter, entity and filter of all counters, in their order; read once."""
        if self._filters is None:
            query = f"select counter_id, entity, condition from {LEDGER}.ledger_filters"
            self._filters = sorted(self._wh.rows(query)) if self.exists else []
        return self._filters

    def held_ids(self, entity: str) -> str:
        """Return a query of the ids of held and pending rows, which every run compares."""
        return (
            f"select v.id from {LEDGER}.ledger_verdicts v where v.counter_id = {self.counter_id} "
            f"and v.entity = {quote(entity)} and v.state <> 'rejected' and v.id is not null"
        )

    def _of_mart(self, file: str, entity: str, **parts: bool) -> str:
        counter_id, mart = self.counter_id, quote(entity)
        return render(__package__, file, ledger=LEDGER, counter_id=counter_id, entity=mart, **parts)
