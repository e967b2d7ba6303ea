"""Runs with one part that lacks its guard, and the trial that shows what the guard is for.

Each control is built from the exporter's public parts: a subclass of one of `runs.Parts`,
or a function in its place. The trial of a control meets the one danger that the guard is
against. With the guard, no invariant may break in it; without, exactly the one that the
guard protects.
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
from tests.faults.generated_marts import GeneratedMarts
from tests.faults.history import Told
from tests.faults.world import World


class CommitBeforeUpload(Journal):
    """Records PASSED before the first byte goes out, and keeps to it whatever the answer is."""

    def start_upload(self, upload_no: int, requests: int) -> None:
        super().start_upload(upload_no, requests)
        super().end_upload(upload_no, "PASSED", None)

    def end_upload(
        self, upload_no: int, status: str, uploading_id: str | None, completed: int | None = None
    ) -> None:
        if status == "PASSED":
            super().end_upload(upload_no, status, uploading_id, completed)


class _TrustedWatermark(Watermark):
    def covers(self, behind: tuple[int, Decimal], seen: tuple[int, Decimal]) -> bool:
        del behind, seen
        return True


class TimestampOnly(Ledger):
    """Skips every row behind the watermark, whether it changed or not."""

    def watermark(self, entity: str) -> Watermark | None:
        found = super().watermark(entity)
        if found is None:
            return None
        return _TrustedWatermark(found.updated_at, found.mart_rows, found.checksum)


def _timestamp_only(wh: Attached, counter_id: int, marts: Marts) -> Ledger:
    open_ledger(wh, counter_id, marts)
    return TimestampOnly(wh, counter_id)


@contextmanager
def no_lock(_profile: Warehouse, _counter_id: int) -> Iterator[Callable[[], None]]:
    """Let any number of runs work at the same time."""
    yield lambda: None


class SuccessOn200(Metrica):
    """Takes every upload that was answered with 200 for PASSED, whatever the answer says."""

    def upload(self, entity: Entity, columns: list[str], path: Path, merge_mode: str) -> Answer:
        answer = super().upload(entity, columns, path, merge_mode)
        # Only an answer of 200 has an id.
        return replace(answer, status="PASSED") if answer.uploading_id else answer


def one_wave(wh: Attached, staged: StagedMart) -> None:
    """Send every order in one wave: its present status, without the steps before it."""
    find_steps(wh, staged)
    if staged.mart.has_path:
        wh.run(
            f"update {staged.of(STEPS)} "
            "set _before = _before + len(_pending) - 1, _pending = _pending[-1:]"
        )


@dataclass(frozen=True, slots=True)
class Control:
    """Parts of a run without one guard, the invariant that it protects, and the trial.

    `warehouses` are those that the guard matters on: a DuckDB file is locked by the operating
    system, which no control can switch off.
    """

    parts: Parts
    breaks: str
    trial: Callable[[World, GeneratedMarts], None]
    warehouses: tuple[str, ...] = ("duckdb", "postgres")


CONTROLS = {
    "commit_before_upload": Control(Parts(journal=CommitBeforeUpload), "state", trials.lost_upload),
    "timestamp_only": Control(
        Parts(ledger=_timestamp_only), "state", trials.change_under_old_timestamp
    ),
    "no_lock": Control(Parts(lock=no_lock), "order", trials.two_runs, ("postgres",)),
    "success_on_200": Control(Parts(metrica=SuccessOn200), "state", trials.refused_upload),
    "one_wave": Control(Parts(find_steps=one_wave), "order", trials.orders_move_on),
}


@dataclass(slots=True)
class Trials:
    """The trials of one control, with its guard and without."""

    guarded: list[Told] = field(default_factory=list)
    without: list[Told] = field(default_factory=list)

    def add(self, told: Told, *, guarded: bool) -> None:
        (self.guarded if guarded else self.without).append(told)

    def dead(self, control: Control) -> str | None:
        """Return why the control proves nothing, None if it is alive.

        A run that did not end in order breaks the invariant `end` (`World.end`).
        """
        if not self.guarded or not self.without:
            return "DEAD: a trial is missing"
        if broken := self.broken(guarded=True):
            return f"DEAD: with its guard the trial breaks {', '.join(broken)}"
        if others := self.broken().keys() - {control.breaks}:
            return f"DEAD: it breaks {', '.join(sorted(others))}, which its guard does not protect"
        if not all(told.tally[trials.DELIVERED] for told in self.without):
            return "DEAD: a trial delivered nothing"
        if not all(told.violations for told in self.without):
            return f"DEAD: a trial does not break {control.breaks}"
        return None

    def broken(self, *, guarded: bool = False) -> Counter[str]:
        """Return how many trials break each invariant."""
        told_of = self.guarded if guarded else self.without
        return Counter(name for told in told_of for name in {name for name, _ in told.violations})

    def total(self, counted: str) -> int:
        """Return a count over the trials without the guard."""
        return sum(told.tally[counted] for told in self.without)
