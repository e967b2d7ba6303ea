"""Controls: exporters without one guard, each with a trial that must break one invariant.

A control replaces one of `commands.run.Parts` by a subclass or a function without the guard. Its
trial contains the danger that the guard prevents. With the guard, the trial must break no
invariant. Without it, the trial must break exactly the one that the guard protects.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from metrica_export.checks.staged_mart import StagedMart
from metrica_export.checks.status_steps import find_steps
from metrica_export.commands.run import Parts
from metrica_export.ledger.reader import Ledger
from metrica_export.ledger.records import Watermark
from metrica_export.ledger.store import open_ledger
from metrica_export.ledger.writer import Journal
from metrica_export.metrica.answer import Answer
from metrica_export.metrica.client import Metrica
from metrica_export.metrica.formats import Entity
from metrica_export.warehouse.connection import Attached
from metrica_export.warehouse.dbt_manifest import Marts
from metrica_export.warehouse.dbt_profile import Warehouse
from metrica_export.warehouse.staging import STEPS

from tests.faults import trials
from tests.faults.history import HistoryResult


class CommitBeforeUpload(Journal):
    """Records PASSED before the upload starts, and ignores Metrica's verdict."""

    def start_upload(self, upload_no: int, requests: int) -> None:
        super().start_upload(upload_no, requests)
        super().end_upload(upload_no, "PASSED", None)

    def end_upload(
        self, upload_no: int, status: str, uploading_id: str | None, completed: int | None = None
    ) -> None:
        if status == "PASSED":
            super().end_upload(upload_no, status, uploading_id, completed)


class _TrustedWatermark(Watermark):
    def covers(self, behind: tuple[int, Decimal], window: tuple[int, Decimal]) -> bool:
        del behind, window
        return True


class TimestampOnly(Ledger):
    """Skips every row behind the watermark, also changed ones."""

    def watermark(self, entity: str) -> Watermark | None:
        watermark = super().watermark(entity)
        if watermark is None:
            return None
        return _TrustedWatermark(watermark.updated_at, watermark.mart_rows, watermark.checksum)


def _timestamp_only(wh: Attached, counter_id: int, marts: Marts) -> Ledger:
    open_ledger(wh, counter_id, marts)
    return TimestampOnly(wh, counter_id)


@contextmanager
def no_lock(_profile: Warehouse, _counter_id: int) -> Iterator[Callable[[], None]]:
    """Replace the run lock by none, so that runs can overlap."""
    yield lambda: None


class SuccessOn200(Metrica):
    """Records every upload with an HTTP 200 answer as PASSED, without reading its status."""

    def upload(self, entity: Entity, columns: list[str], path: Path, merge_mode: str) -> Answer:
        answer = super().upload(entity, columns, path, merge_mode)
        # Only an answer with HTTP 200 has an upload id.
        return replace(answer, status="PASSED") if answer.uploading_id else answer


def one_wave(wh: Attached, staged: StagedMart) -> None:
    """Send only the present status of every order, without the earlier steps of its path."""
    find_steps(wh, staged)
    if staged.mart.has_path:
        wh.run(
            f"update {staged.of(STEPS)} "
            "set _before = _before + len(_pending) - 1, _pending = _pending[-1:]"
        )


@dataclass(frozen=True, slots=True)
class Control:
    """Parts of a run without one guard, the invariant that the guard protects, and the trial.

    `warehouse_kinds` are the warehouses on which the guard matters: the operating system locks a
    DuckDB file, and a control cannot switch that off.
    """

    parts: Parts
    protected_invariant: str
    trial: trials.Trial
    warehouse_kinds: tuple[str, ...] = ("duckdb", "postgres")


CONTROLS = {
    "commit_before_upload": Control(Parts(journal=CommitBeforeUpload), "state", trials.lost_upload),
    "timestamp_only": Control(
        Parts(ledger=_timestamp_only), "state", trials.change_under_old_timestamp
    ),
    "no_lock": Control(Parts(lock=no_lock), "sequence", trials.concurrent_runs, ("postgres",)),
    "success_on_200": Control(Parts(metrica=SuccessOn200), "state", trials.refused_upload),
    "one_wave": Control(Parts(find_steps=one_wave), "sequence", trials.advance_orders),
}


@dataclass(slots=True)
class ControlResult:
    """The results of a control's trials with its guard and without it."""

    with_guard: list[HistoryResult] = field(default_factory=list)
    without_guard: list[HistoryResult] = field(default_factory=list)

    def add(self, result: HistoryResult, *, with_guard: bool) -> None:
        (self.with_guard if with_guard else self.without_guard).append(result)

    def failure(self, control: Control) -> str | None:
        """Return why the control proves nothing; None if it passed.

        A run that crashes breaks the invariant `exit` (`SystemUnderTest.finish_run`).
        """
        protected = control.protected_invariant
        if not self.with_guard or not self.without_guard:
            return "FAILED: a trial is missing"
        if broken := self.broken_invariants(with_guard=True):
            return f"FAILED: with its guard the trial breaks {', '.join(broken)}"
        if others := self.broken_invariants().keys() - {protected}:
            names = ", ".join(sorted(others))
            return f"FAILED: without its guard the trial breaks {names}, expected {protected} only"
        if not all(result.event_counts[trials.ROWS_DELIVERED] for result in self.without_guard):
            return "FAILED: a trial delivered nothing"
        if not all(result.violations for result in self.without_guard):
            return f"FAILED: without its guard a trial does not break {protected}"
        return None

    def broken_invariants(self, *, with_guard: bool = False) -> Counter[str]:
        """Return the number of trials that break each invariant."""
        results = self.with_guard if with_guard else self.without_guard
        return Counter(
            name for result in results for name in {name for name, _ in result.violations}
        )

    def total(self, event: str) -> int:
        """Return an event count summed over the trials without the guard."""
        return sum(result.event_counts[event] for result in self.without_guard)
