"""A counter's filter that changes, or fails, between runs: no row is lost, no counter disturbed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from metrica_export.errors import SettingsError

from tests.support.emulator_fixture import RunningEmulator
from tests.support.job import Job

OLD, MIDDLE, LATE = (f"2026-0{n}-01 00:00:00+00" for n in (1, 2, 3))


@pytest.fixture
def other(job: Job) -> Iterator[Job]:
    """Return an export of the same marts to another counter."""
    with RunningEmulator(counter=77) as emulator:
        yield Job(job.marts, emulator)


def only(job: Job, condition: str) -> Job:
    return replace(job, filters=(("contacts", condition),))


def keys(job: Job) -> set[str]:
    return set(job.held_by_metrica("contacts", "emails"))


def test_old_row_that_a_changed_filter_selects_is_sent(job: Job) -> None:
    job.marts.contacts("a1", updated_at=OLD)
    job.marts.contacts("b1", updated_at=MIDDLE)
    job.marts.contacts("a2", updated_at=LATE)
    assert only(job, "uniq_id like 'a%'").sent() == {"contacts": 2}
    # As many rows as before, all behind the watermark but one.
    assert only(job, "uniq_id in ('b1', 'a2')").sent() == {"contacts": 1}
    assert keys(job) == {"a1", "a2", "b1"}
    assert only(job, "true").sent() == {}


def test_column_of_a_removed_counters_filter_is_dropped(job: Job, other: Job) -> None:
    job.marts.contacts("a1", "a2")
    job.marts.sql("alter table metrica.contacts add column site text")
    job.sent()
    only(other, "site is null").sent()
    job.sent()
    job.marts.sql("alter table metrica.contacts drop column site")
    assert job.sent() == {}
    assert other.states("contacts") == {}
    assert job.states("contacts") == {"a1": ("sent", None), "a2": ("sent", None)}


@pytest.mark.parametrize("job", ["postgres"], indirect=True)
def test_table_without_its_schema_is_refused_by_plan_as_by_run(job: Job) -> None:
    job.marts.contacts("a1")
    assert job.marts.database is not None
    # The path of a role finds the table, and that of the ledger's views does not.
    name = job.marts.database.name
    job.marts.sql(f"alter database {name} set search_path = metrica, public")
    short = only(job, "uniq_id not in (select client_uniq_id from orders)")
    assert "Name each table" in (short.run().error or "")
    with pytest.raises(SettingsError, match="Name each table"):
        short.plan()
    full = only(job, "uniq_id not in (select client_uniq_id from metrica.orders)")
    assert full.sent() == {"contacts": 1}


def test_saved_plan_of_another_filter_is_refused(job: Job, tmp_path: Path) -> None:
    job.marts.contacts("a1", "b1")
    mine = only(job, "uniq_id = 'a1'")
    mine.plan(out=tmp_path / "plan.json")
    refused = only(job, "uniq_id = 'b1'").run(saved_plan=tmp_path / "plan.json")
    assert "no longer holds" in (refused.error or "")
    assert job.uploads() == []
    assert mine.run(saved_plan=tmp_path / "plan.json").error is None


@pytest.mark.parametrize("job", ["postgres"], indirect=True)
def test_counters_that_begin_at_once_with_new_filters_do_not_disturb_each_other(
    job: Job, other: Job
) -> None:
    job.marts.contacts("a1", "b1")
    job.sent()
    other.sent()
    for n in range(5):
        pair = [only(each, f"{n} = {n} and uniq_id <> 'z'") for each in (job, other)]
        with ThreadPoolExecutor() as threads:
            assert [done.error for done in threads.map(Job.run, pair)] == [None, None]
