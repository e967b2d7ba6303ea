"""The exporter's guards, switched off one at a time.

With any of them off, the campaign has to find something wrong; a campaign that does not
would find nothing wrong with a broken exporter either. They patch a process of the
campaign's own; the product has no such switches.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from exporter import delta, journal, judge, metrica, runs, sendable
from exporter.entries import Upload, Watermark
from exporter.manifest import Mart
from exporter.warehouse import Attached
from tests.faults.steps import replace


def commit_before_upload() -> None:
    """Let the ledger say PASSED before the first byte goes out, and never hear the answer."""
    start, end = journal.Journal.start_upload, journal.Journal.end_upload

    def start_and_end(self: journal.Journal, upload: Upload, sent: str) -> int:
        upload_no = start(self, upload, sent)
        end(self, upload_no, "PASSED", None)
        return upload_no

    replace(journal.Journal, "start_upload", start_and_end)
    replace(journal.Journal, "end_upload", lambda *_: None)


def timestamp_only() -> None:
    """Look only at rows later than the watermark; compare nothing behind it."""

    def later_rows(finder: delta._Finder, before: Watermark, since: str) -> delta.Delta:
        window = f"(m.updated_at > timestamptz '{since}')"
        finder._read_keys(window)  # noqa: SLF001 - a control reaches inside
        finder._read_ledger(window)  # noqa: SLF001 - the same
        rows, _ = finder._behind(window)  # noqa: SLF001 - the same
        return finder._stage_and_count(window, rows, Decimal(0), before)  # noqa: SLF001 - the same

    replace(delta._Finder, "in_window", later_rows)  # noqa: SLF001 - the same


def no_lock() -> None:
    """Let any number of runs be at work at a time."""

    @contextmanager
    def unlocked(*_: Any) -> Iterator[Callable[[], None]]:
        yield lambda: None

    replace(runs, "run_lock", unlocked)


def success_on_200() -> None:
    """Take an upload for PASSED when the answer is 200, whatever is in it."""
    answer = metrica._answer  # noqa: SLF001 - the same

    def passed(uploading: object) -> metrica.Answer:
        return metrica.Answer("PASSED", answer(uploading).uploading_id or "none was given")

    replace(metrica, "_answer", passed)


def one_wave() -> None:
    """Let all steps of an order go at once, in one file where there is room."""
    find_paths = sendable.find_paths

    def one_row_a_step(wh: Attached, mart: Mart) -> None:
        find_paths(wh, mart)
        wh.run(
            f"""
            create or replace table paths_{mart.name} as
            select _row, cast(_before - 1 + _place as integer) as _before,
                [_pending[_place]] as _pending
            from (
                select *, unnest(range(1, len(_pending) + 1)) as _place from paths_{mart.name}
            )
            """
        )

    replace(judge, "find_paths", one_row_a_step)


@dataclass(frozen=True, slots=True)
class Control:
    """How to switch a guard off, and the invariant that must then be found broken."""

    switch_off: Callable[[], None]
    breaks: str


CONTROLS = {
    "commit_before_upload": Control(commit_before_upload, "state"),
    "timestamp_only": Control(timestamp_only, "state"),
    "no_lock": Control(no_lock, "order"),
    "success_on_200": Control(success_on_200, "state"),
    "one_wave": Control(one_wave, "order"),
}
