"""The traffic light of the report: each colour and each of its reasons."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from metrica_export.report.light import FRESH_HOURS, RUNNING_HOURS, Cause, Colour, Light, judge
from metrica_export.report.parts.runs import Run, Runs
from metrica_export.report.parts.waiting import Waiting

NOW = datetime(2026, 11, 27, 9, 0)  # noqa: DTZ001 - in the counter's zone, as in the report
QUIET = Waiting(pending=5, held=2, rejected=3, expiring=0, soon=0, soon_changed=0, expired=0)


def run(run_no: int, *, hours_ago: float = 5, exit_code: int | None = 0, unsent: int = 5) -> Run:
    started = NOW - timedelta(hours=hours_ago)
    ended = None if exit_code is None else started + timedelta(minutes=10)
    return Run(run_no, started, ended, exit_code, "", 9, 100, unsent, 0, 200, {})


YESTERDAY, TODAY = run(1, hours_ago=29), run(2)


def light(*runs: Run, waiting: Waiting = QUIET) -> Light:
    return judge(Runs(runs, 18), waiting, NOW)


def test_light_is_green_after_a_complete_recent_run() -> None:
    assert light(YESTERDAY, TODAY) == Light(Colour.GREEN, (Cause.FINE,), {"fine": 0})


def test_light_is_green_after_a_run_that_fail_on_ended() -> None:
    assert light(YESTERDAY, run(2, exit_code=1)).colour is Colour.GREEN


@pytest.mark.parametrize(
    ("exit_code", "cause"),
    [(6, Cause.STOPPED), (2, Cause.FAILED), (4, Cause.FAILED), (70, Cause.FAILED)],
)
def test_light_is_red_after_a_run_that_ended_early(exit_code: int, cause: Cause) -> None:
    found = light(YESTERDAY, run(2, exit_code=exit_code))
    assert (found.colour, found.cause) == (Colour.RED, cause)
    assert found.counts[cause.value] == 2


def test_light_is_red_if_the_last_run_did_not_finish() -> None:
    killed = run(3, hours_ago=RUNNING_HOURS + 1, exit_code=None)
    assert light(YESTERDAY, killed).causes[0] is Cause.UNFINISHED


def test_light_ignores_a_run_that_may_still_be_at_work() -> None:
    working = run(3, hours_ago=RUNNING_HOURS - 1, exit_code=None)
    assert light(YESTERDAY, TODAY, working).colour is Colour.GREEN
    failed = run(2, exit_code=4)
    assert light(YESTERDAY, failed, working).cause is Cause.FAILED


def test_light_is_red_if_waiting_orders_expired() -> None:
    found = light(YESTERDAY, TODAY, waiting=replace(QUIET, expired=7, expiring=2))
    assert found.colour is Colour.RED
    assert found.causes == (Cause.EXPIRED, Cause.EXPIRING)
    assert found.counts == {"expired": 7, "expiring": 2}


def test_light_is_amber_if_orders_expire_within_a_day() -> None:
    found = light(YESTERDAY, TODAY, waiting=replace(QUIET, expiring=2))
    assert (found.colour, found.causes) == (Colour.AMBER, (Cause.EXPIRING,))


def test_light_is_amber_if_the_last_complete_run_is_old() -> None:
    old = run(1, hours_ago=FRESH_HOURS + 1)
    found = light(old)
    assert (found.colour, found.causes) == (Colour.AMBER, (Cause.OLD,))
    assert found.counts == {"old": FRESH_HOURS}
    assert light(run(1, hours_ago=FRESH_HOURS - 1)).colour is Colour.GREEN


def test_light_is_amber_if_more_rows_are_rejected_or_held() -> None:
    found = light(YESTERDAY, run(2, unsent=8))
    assert (found.colour, found.causes, found.counts) == (Colour.AMBER, (Cause.GREW,), {"grew": 3})
    assert light(YESTERDAY, run(2, unsent=4)).colour is Colour.GREEN


def test_light_compares_rejected_rows_with_the_complete_run_before() -> None:
    failed = run(2, exit_code=4, unsent=0, hours_ago=9)
    assert light(YESTERDAY, failed, run(3)).colour is Colour.GREEN


def test_light_is_amber_before_the_first_run() -> None:
    assert light() == Light(Colour.AMBER, (Cause.NO_RUN,), {"no_run": 0})


def test_light_says_that_no_run_was_complete_yet() -> None:
    assert light(run(1, exit_code=4)).causes == (Cause.FAILED, Cause.NEVER_COMPLETE)
