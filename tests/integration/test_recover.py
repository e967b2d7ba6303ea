"""A ledger that was restored from a backup: noticed, and made usable."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from click.testing import CliRunner, Result
from metrica_export.cli.main import cli
from metrica_export.commands.doctor import examination
from metrica_export.settings import Gate

from tests.integration.test_status_steps import put, way
from tests.support.job import Job

TABLES = (
    "select table_name from information_schema.tables "
    "where table_schema = 'metrica_export' and table_type = 'BASE TABLE'"
)


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    job.marts.put(
        "order_statuses",
        *({"id": name, "type": "IN_PROGRESS"} for name in ("new", "in_work")),
        {"id": "paid", "type": "PAID"},
    )
    job.marts.contacts("c1")


def back_up(job: Job) -> None:
    job.marts.sql("create schema backup")
    for (table,) in job.marts.sql(TABLES):
        job.marts.sql(f"create table backup.{table} as select * from metrica_export.{table}")
    # A backup is older than what it lacks.
    job.marts.sql(
        "update backup.ledger_uploads set started_at = started_at - interval '1 hour', "
        "finished_at = finished_at - interval '1 hour'"
    )


def restore(job: Job) -> None:
    for (table,) in job.marts.sql(TABLES):
        job.marts.sql(f"delete from metrica_export.{table}")
        job.marts.sql(f"insert into metrica_export.{table} select * from backup.{table}")


def now() -> str:
    return datetime.now(UTC).isoformat()


def recover(job: Job, *more: str) -> Result:
    arguments = ["recover", "--yes", *more, *job.marts.flags, "--api-url", job.emulator.url]
    env = {"METRICA_TOKEN": job.emulator.token, "METRICA_COUNTER_ID": str(job.emulator.counter)}
    return CliRunner().invoke(cli, arguments, env=env)


def uploads_line(job: Job) -> tuple[str, str]:
    """Return level and text of the doctor's look at Metrica's list of uploads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METRICA_TOKEN", job.emulator.token)
        chart = examination.examine(job.options(), job.emulator.url)
    (found,) = [f for f in chart.findings if f.check == "uploads"]
    return found.level, f"{found.found} {found.advice}"


ALL = Gate(accepted=frozenset({"paid", "drift"}))


def test_recovery_sends_no_order_an_older_status_after_a_newer_one(
    job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    put(job, "new", "1", "2", revenue="1.00", create_date_time="2026-11-01 10:00:00")
    assert job.run().foreign_uploads == 0
    back_up(job)
    put(job, "new,in_work,paid", "1", "3", revenue="2.00", create_date_time="2026-11-05 10:00:00")
    assert job.sent() == {"orders": 2}
    restore(job)
    put(job, "new", "1", revenue="1.00", create_date_time="2026-11-01 10:00:00")
    job.marts.sql("delete from metrica.orders where id = '3'")

    # The marts and the ledger agree, and Metrica is further.
    outcome = job.run(gate=Gate(accepted=frozenset({"shrink"})))
    assert (outcome.exit_code, outcome.foreign_uploads) == (0, 3)
    assert [c.sent for c in outcome.entities.values()] == [0, 0, 0, 0]
    assert "3 uploads" in (said := capsys.readouterr().err)
    assert "metrica-export recover" in said
    assert json.loads(outcome.as_json())["foreign_uploads"] == 3
    level, text = uploads_line(job)
    assert level == "warning"
    assert "does not know 3 " in text
    assert "metrica-export recover" in text

    # The CRM's present data: 1 and 3 are as Metrica has them, and 2 is further.
    stamp = {"updated_at": now()}
    put(job, "new,in_work,paid", "1", "3", revenue="2.00", **stamp)
    put(job, "new,in_work", "2", **stamp)
    put(job, "new,in_work,paid", "4", **stamp)
    done = recover(job)
    assert done.exit_code == 0, done.output
    assert "orders: 4 rows" in done.output

    outcome = job.run(gate=ALL)
    assert (outcome.error, outcome.foreign_uploads) == (None, 0)
    assert {name: c.sent for name, c in outcome.entities.items()} == {
        "order_statuses": 3,
        "products": 0,
        "contacts": 1,
        "orders": 4,
    }
    assert way(job, "1") == ["new", "in_work", "paid", "paid"]
    assert way(job, "2") == ["new", "in_work"]
    assert way(job, "3") == ["new", "in_work", "paid", "paid"]
    assert way(job, "4") == ["paid"]
    held = job.held_by_metrica("orders", "create_date_time")
    assert held["1"] == held["2"]
    assert uploads_line(job)[0] == "ok"

    # From here on everything is as ever.
    assert job.sent() == {}
    put(job, "new,in_work,paid,new,paid", "1", "4")
    put(job, "new,in_work,paid", "2", "5")
    assert job.sent(gate=ALL) == {"orders": 4}
    assert way(job, "1")[-2:] == ["new", "paid"]
    assert way(job, "2") == ["new", "in_work", "paid"]
    assert way(job, "5") == ["new", "in_work", "paid"]
    assert job.sent(everything=True) == {}


def test_recovery_skips_steps_before_the_one_at_its_time_only(job: Job) -> None:
    put(job, "new", "1")
    job.run()
    put(job, "new,in_work", "1", updated_at=now())
    assert recover(job).exit_code == 0
    # A step more between the recovery and the next run.
    put(job, "new,in_work,paid", "1", updated_at=now())
    assert job.sent()["orders"] == 1
    assert way(job, "1") == ["new", "in_work", "paid"]


@pytest.mark.usefixtures("waits")
def test_recovery_keeps_what_it_knows_when_the_run_after_it_is_cut_short(job: Job) -> None:
    put(job, "new,in_work,paid", "1", "2", updated_at=now())
    assert recover(job).exit_code == 0
    job.emulator.fault("drop_after", "POST /data/orders/csv", times=6)
    job.emulator.fault("status:403", "POST /data/orders/csv")
    job.run(chunk_rows=1)
    job.emulator.clear_faults()
    job.run()
    for order in ("1", "2"):
        assert set(way(job, order)) == {"paid"}
    assert job.sent() == {}


@pytest.mark.parametrize(
    "stale",
    [
        {"updated_at": "2026-11-02 00:00:00+00"},
        {"updated_at": None},
        {"updated_at": "2999-01-01 00:00:00+00"},
    ],
)
def test_recovery_refuses_marts_that_are_older_than_metrica(
    job: Job, stale: dict[str, Any]
) -> None:
    put(job, "new", "1")
    job.run()
    before = job.marts.sql("select count(*) from metrica_export.ledger_uploads")
    for mart, key in (("contacts", "c1"), ("orders", "1")):
        at = f"'{stale['updated_at']}'" if stale["updated_at"] else "null"
        column = "uniq_id" if mart == "contacts" else "id"
        job.marts.sql(f"update metrica.{mart} set updated_at = {at} where {column} = '{key}'")
    refused = recover(job)
    assert "dbt build" in str(refused.exception)
    assert getattr(refused.exception, "exit_code", None) == 3
    assert job.marts.sql("select count(*) from metrica_export.ledger_uploads") == before


def test_recovery_makes_a_ledger_where_there_is_none(job: Job) -> None:
    put(job, "new,in_work,paid", "1")
    job.run()
    job.marts.sql("drop schema metrica_export cascade")
    put(job, "new,in_work,paid", "1", updated_at=now())
    assert recover(job).exit_code == 0
    assert job.sent(gate=ALL)["orders"] == 1
    assert way(job, "1") == ["new", "in_work", "paid", "paid"]


def test_recovery_leaves_out_a_row_whose_id_is_too_long_to_be_sent(job: Job) -> None:
    put(job, "new", "1")
    job.run()
    # No index can make it shorter.
    key = "".join(sha256(bytes([i])).hexdigest() for i in range(160))[:10_000]
    put(job, "new", key, updated_at=now())
    done = recover(job)
    assert done.exit_code == 0, done.output
    assert "orders: 1 row will" in done.output
    assert len(done.output) < 2_000
    outcome = job.run()
    assert (outcome.exit_code, outcome.entities["orders"].rejected) == (0, 1)


def test_recover_upload_of_another_program_is_counted_and_a_lost_answer_is_not(job: Job) -> None:
    put(job, "new", "1")
    job.emulator.fault("drop_after", "POST /data/contacts/csv")
    assert job.run().error is None
    assert job.emulator.sql("select count(*) from uploads") == [(3,)]
    assert job.run().foreign_uploads == 0
    mapping = '"uniq_id":"uniq_id","name":"name"'
    rows = "uniq_id,name\nx1,A\nx2,B\nx3,C\n"
    assert job.emulator.upload("/data/contacts/csv", rows, columns_mapping=mapping).ok
    assert job.run().foreign_uploads == 1
    assert uploads_line(job)[0] == "warning"


def test_recover_list_of_uploads_that_cannot_be_read_stops_no_run(job: Job) -> None:
    put(job, "new", "1")
    job.emulator.fault("status:404", "GET /last_uploadings")
    outcome = job.run()
    assert (outcome.exit_code, outcome.foreign_uploads) == (0, None)
