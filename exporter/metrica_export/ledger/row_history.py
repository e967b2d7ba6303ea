"""The history of one row in a counter's ledger: its uploads, its verdicts, and the last run."""

from dataclasses import asdict, dataclass
from typing import Any

from metrica_export.ledger.reader import Ledger
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.sql import data, quote
from metrica_export.warehouse.sql_files import render


@dataclass(frozen=True, slots=True)
class RowUpload:
    """One upload of a row, with Metrica's answer in `status`. Times are UTC, in ISO 8601.

    `row_hash` is None after a reset. `create_date_time` is the creation date in the upload.
    """

    upload_no: int
    run_no: int
    started_at: str
    finished_at: str | None
    status: str
    uploading_id: str | None
    step: int | None
    order_status: str | None
    row_hash: str | None
    create_date_time: str | None


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    """The verdict that the last run over the mart recorded; `run_no` is the first run with it."""

    state: str
    column: str | None
    reason: str
    detail: str | None
    run_no: int


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run of the counter; no `exit_code` while it is at work, or after a kill."""

    run_no: int
    started_at: str
    exit_code: int | None
    message: str | None


@dataclass(frozen=True, slots=True)
class RowHistory:
    """Everything that the ledger knows about one row, oldest upload first."""

    uploads: tuple[RowUpload, ...] = ()
    verdicts: tuple[RecordedVerdict, ...] = ()
    last_run: LastRun | None = None

    @property
    def first_created(self) -> str | None:
        """The creation date that Metrica keeps, None if no upload may have delivered one."""
        dates = (u.create_date_time for u in self.uploads if u.status != "FAILED")
        return next((date for date in dates if date is not None), None)

    @property
    def is_delivered(self) -> bool:
        """Whether Metrica has a state of the row."""
        return any(upload.status == "PASSED" for upload in self.uploads)

    def as_dict(self) -> dict[str, Any]:
        """Return the parts of a JSON object."""
        return {
            "uploads": [asdict(upload) for upload in self.uploads],
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "last_run": self.last_run and asdict(self.last_run),
        }


def read_history(wh: Attached, ledger: Ledger, mart: str, key: str) -> RowHistory:
    """Return the history of the row with an id; it is empty before the first run."""
    if not ledger.exists:
        return RowHistory()

    def rows(file: str) -> list[tuple[Any, ...]]:
        query = render(
            __package__,
            file,
            ledger=LEDGER,
            counter_id=ledger.counter_id,
            entity=quote(mart),
            key=data(key, postgres=wh.ledger_is_postgres),
            # The index has the order of bytes.
            id='d.id collate "C"' if wh.ledger_is_postgres else "d.id",
        )
        return wh.rows(f"select {', '.join(_COLUMNS[file])} from {wh.remote(query)}")

    return RowHistory(
        tuple(RowUpload(*row) for row in rows("row_uploads")),
        tuple(RecordedVerdict(*row) for row in rows("row_verdicts")),
        next((LastRun(*row) for row in rows("last_run")), None),
    )


def iso(column: str) -> str:
    """Return SQL of DuckDB for a `timestamptz` as text in ISO 8601, in UTC."""
    return f"strftime(timezone('UTC', {column}), '%Y-%m-%dT%H:%M:%SZ')"


_COLUMNS = {
    "row_uploads": (
        "upload_no",
        "run_no",
        iso("started_at"),
        iso("finished_at"),
        "status",
        "uploading_id",
        "step",
        "order_status",
        "row_hash",
        "cast(create_date_time as text)",
    ),
    "row_verdicts": ("state", "column_name", "reason", "detail", "run_no"),
    "last_run": ("run_no", iso("started_at"), "exit_code", "message"),
}
