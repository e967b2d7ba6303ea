"""`--fail-on`: rejected and held rows are warnings unless the operator says otherwise."""

import json

import pytest
from click.testing import CliRunner
from metrica_export.cli.main import cli
from metrica_export.settings import FailOn

from tests.integration.test_status_steps import put
from tests.support.job import Job

pytestmark = pytest.mark.parametrize("job", ["duckdb"], indirect=True)
NEW = FailOn.parse("new")


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    job.marts.contacts("c1", "c2")
    job.marts.contacts("bad", phones="8 (999) 1")
    job.marts.orders("1")


def message(job: Job) -> str:
    """Return the message of the last run."""
    ((text,),) = job.marts.sql(
        "select message from metrica_export.ledger_runs order by run_no desc limit 1"
    )
    return str(text)


def test_fail_on_never_ends_with_0_and_the_counts_in_the_ledger(job: Job) -> None:
    assert job.run().exit_code == 0
    assert message(job) == "1 row rejected, 0 held; 1 new"
    job.marts.contacts("bad")
    assert job.run().exit_code == 0
    assert message(job) == "clean"


def test_fail_on_new_counts_rows_once(job: Job) -> None:
    assert (job.plan(fail_on=NEW).exit_code, job.run(fail_on=NEW).exit_code) == (1, 1)
    assert (job.plan(fail_on=NEW).exit_code, job.run(fail_on=NEW).exit_code) == (0, 0)
    job.marts.contacts("bad", phones="8 (999) 2", updated_at="2026-11-03 00:00:00+00")
    assert job.run(fail_on=NEW).new == 0, "the same row, otherwise bad"
    job.marts.contacts("worse", phones="8 (999) 1")
    assert job.plan(fail_on=NEW).new == 1
    assert (job.run(fail_on=NEW).exit_code, job.run(fail_on=NEW).exit_code) == (1, 0)


def test_fail_on_new_counts_a_row_again_that_was_good_meanwhile(job: Job) -> None:
    job.run()
    job.marts.contacts("bad", updated_at="2026-11-03 00:00:00+00")
    job.run()
    job.marts.contacts("bad", phones="8 (999) 1", updated_at="2026-11-04 00:00:00+00")
    assert job.run(fail_on=NEW).new == 1


def test_fail_on_new_compares_with_the_last_complete_run(job: Job) -> None:
    job.run()
    job.marts.contacts("worse", phones="8 (999) 1")
    job.marts.contacts("c3")
    job.emulator.fault("status:403", "POST /data/contacts/csv")
    cut_short = job.run(fail_on=NEW)
    assert (cut_short.exit_code, cut_short.new) == (4, None)
    assert job.states("contacts")["worse"] == ("rejected", "phones_malformed")
    assert job.run(fail_on=NEW).new == 1
    assert job.run(fail_on=NEW).new == 0


def test_fail_on_new_knows_rows_without_an_id_by_their_content(job: Job) -> None:
    job.marts.sql("update metrica.contacts set uniq_id = null where uniq_id = 'bad'")
    assert job.run(fail_on=NEW).new == 1
    assert job.run(fail_on=NEW).new == 0
    job.marts.sql("insert into metrica.contacts (name, row_hash) values ('Иная', md5('Иная'))")
    assert job.run(fail_on=NEW).new == 1


def test_fail_on_reads_its_variable_and_is_told_in_json(job: Job) -> None:
    flags = [*job.marts.flags, "--counter-id", str(job.emulator.counter), "--json"]
    shown = CliRunner().invoke(cli, ["plan", *flags], env={"METRICA_FAIL_ON": "20%"})
    assert shown.exit_code == json.loads(shown.stdout)["exit_code"] == 1
    assert json.loads(shown.stdout)["warnings"] == {"rejected": 1, "held": 0, "new": 1}
    allowed = CliRunner().invoke(cli, ["plan", *flags, "--fail-on", "25"])
    assert allowed.exit_code == 0


def test_fail_on_new_counts_a_pending_order_that_cannot_be_sent_any_more(job: Job) -> None:
    put(job, "IN_PROGRESS,PAID", "2")
    job.run(max_steps=1)
    put(job, "IN_PROGRESS,PAID", "2", currency="XXX")
    outcome = job.run(fail_on=NEW)
    assert (outcome.entities["orders"].rejected, outcome.exit_code) == (1, 1)
