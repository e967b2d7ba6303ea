"""The texts of the page about runs and undelivered rows."""

from typing import Any

from metrica_export.checks.cures import cure_of
from metrica_export.errors import GateError
from metrica_export.metrica.redaction import printable
from metrica_export.report.contents import Report
from metrica_export.report.languages.words import Words
from metrica_export.report.parts.deadlines import WEEK
from metrica_export.report.parts.reasons import Reason
from metrica_export.report.parts.runs import Run

LAST_RUNS = 7
"""Runs in the table."""

Values = dict[str, Any]


def headline(report: Report, words: Words) -> Values:
    """Return the sentences of the light, and the last run."""
    last = report.runs.last
    causes = [
        words.text(f"light.causes.{cause.value}", n=n, run=str(n))
        for cause in report.light.causes
        for n in [report.light.counts[cause.value]]
    ]
    shown = {"moment": words.text("headline.no_run"), "result": ""}
    message = {"text": "", "language": words.language}
    if last is not None:
        shown = {"moment": words.moment(last.started_at), "result": _result(last, words)}
        if not last.is_complete and last.finished_at is not None:
            message = _message(last, words.language)
    return {"causes": causes, "last_run": shown, "message": message}


def _message(run: Run, language: str) -> dict[str, str]:
    """Return the message of a run in a language, or in English if the run did not translate it."""
    if language in run.message_texts:
        return {"text": printable(run.message_texts[language]), "language": language}
    return {"text": printable(run.message), "language": "en"}


def _result(run: Run, words: Words) -> str:
    if run.finished_at is None:
        return words.text("headline.running")
    if run.is_complete:
        return words.text("headline.complete")
    if run.exit_code == GateError.exit_code:
        return words.text("headline.stopped")
    return words.text("headline.failed", code=run.exit_code)


def runs(report: Report, words: Words) -> Values:
    """Return the lead and the table of the last runs."""
    found = report.runs.runs
    delivered = sum(run.delivered for run in found)
    return {
        "runs_lead": words.text(
            "runs.lead",
            runs=words.text("units.runs", n=len(found)),
            rows=words.text("units.rows", n=delivered),
            delivered=delivered,
            requests=report.runs.requests_today,
            quota=report.runs.quota,
        ),
        "run_heads": [
            words.text("runs.column_run"),
            *(words.text(f"states.{state}") for state in ("delivered", "rejected", "held")),
        ],
        "last_runs": [
            (
                f"{words.short_moment(run.started_at)}: {_result(run, words)}",
                *map(words.number, (run.delivered, run.rejected, run.held)),
            )
            for run in reversed(found[-LAST_RUNS:])
        ],
    }


def reasons(report: Report, words: Words) -> Values:
    """Return the reasons with their cures."""
    return {"reasons": [_reason(reason, words) for reason in report.reasons.top]}


def _reason(reason: Reason, words: Words) -> Values:
    code = reason.reason if words.has(f"reasons.names.{reason.reason}") else "other"
    place = words.text(f"marts.{reason.mart}")
    if reason.column:
        place += f", {words.text('reasons.column', column=printable(reason.column))}"
    return {
        "name": words.text(f"reasons.names.{code}"),
        "cure": cure_of(reason.reason, words.language),
        "state": reason.state,
        "rows": words.text("units.rows", n=reason.rows),
        "share": words.percent(reason.share),
        "place": place,
        "trend": words.text("reasons.trend", new=reason.new_rows, before=reason.earlier_rows),
        "ids": [printable(each) for each in reason.ids],
    }


def deadlines(report: Report, words: Words) -> Values:
    """Return the sentence about the next days, and the two tables."""
    soon, changed = report.waiting.soon, report.waiting.soon_changed
    urgent = words.text("deadlines.urgent", n=soon) if soon else words.text("deadlines.calm")
    if changed:
        key = "all_changed" if changed == soon else "urgent_changed"
        urgent += f" {words.text(f'deadlines.{key}', n=changed)}"
    states = ("delivered", "waiting", "rejected")
    days = words.text("deadlines.column_days")
    return {
        "deadlines_urgent": urgent,
        "link_heads": [days, *(words.text(f"states.{state}") for state in states)],
        "link_rows": [
            [words.number(day.days_left), *(words.number(getattr(day, s)) for s in states)]
            for day in report.deadlines.link
        ],
        "update_heads": [days, words.text("deadlines.open"), words.text("deadlines.closed")],
        "update_rows": [
            [
                f"{week.days_left}-{week.days_left + WEEK - 1}",
                *map(words.number, (week.open, week.closed)),
            ]
            for week in report.deadlines.update
        ],
    }
