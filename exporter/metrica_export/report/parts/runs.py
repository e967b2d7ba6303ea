"""The runs of the last days: delivered, rejected and held rows, and requests against the quota."""

import json
from dataclasses import dataclass
from datetime import datetime

from metrica_export.report.subject import RUN_DAYS, Subject, timestamp
from metrica_export.settings import DAILY_QUOTA
from metrica_export.warehouse.marks import LEDGER
from metrica_export.warehouse.sql import quote
from metrica_export.warehouse.sql_files import render

COMPLETE = (0, 1)
"""The exit codes of complete runs; 1 is that of `--fail-on`."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run, with the counts of all its marts.

    `message_texts` has the message by language, if the run recorded it in several.
    """

    run_no: int
    started_at: datetime
    finished_at: datetime | None
    exit_code: int | None
    message: str | None
    requests: int
    delivered: int
    rejected: int
    held: int
    rows: int
    message_texts: dict[str, str]

    @property
    def is_complete(self) -> bool:
        """Whether the run went through all its marts."""
        return self.finished_at is not None and self.exit_code in COMPLETE


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of the last days, oldest first, and the requests since the quota's renewal."""

    runs: tuple[Run, ...]
    requests_today: int
    quota: int = DAILY_QUOTA

    @property
    def last(self) -> Run | None:
        """The newest run."""
        return self.runs[-1] if self.runs else None

    @property
    def complete(self) -> tuple[Run, ...]:
        """The complete runs, oldest first."""
        return tuple(run for run in self.runs if run.is_complete)


def read_runs(subject: Subject) -> Runs:
    """Return the counter's runs of the last days, and its last run in any case."""
    if not subject.ledger.exists:
        return Runs((), 0)
    query = render(
        __package__,
        "runs",
        ledger=LEDGER,
        counter_id=subject.counter_id,
        zone=quote(subject.zone),
        since=subject.days_ago(RUN_DAYS),
        quota_day=timestamp(subject.quota_day),
    )
    found = subject.wh.rows(query)
    runs = tuple(Run(*(*line[:-2], _texts(line[-2]))) for line in found)
    return Runs(runs, int(found[0][-1]) if found else 0)


def _texts(found: str | None) -> dict[str, str]:
    """Return the texts of a message by language; none if somebody wrote anything else."""
    try:
        texts = json.loads(found or "{}")
    except ValueError:
        return {}
    if not isinstance(texts, dict):
        return {}
    return {language: text for language, text in texts.items() if isinstance(text, str)}
