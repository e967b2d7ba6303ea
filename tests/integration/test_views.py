"""The ledger's views of orders: `order_steps` and `deadlines`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from tests.support.job import Job

MARTS = Path(__file__).parents[2] / "dbt_project/models/marts/metrica"
ZONE = ZoneInfo("Europe/Moscow")


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    """Put a contact and a mapping of three statuses into the marts."""
    job.marts.put(
        "order_statuses",
        {"id": "new", "type": "IN_PROGRESS"},
        {"id": "in_work", "type": "IN_PROGRESS"},
        {"id": "paid", "type": "PAID"},
    )
    job.marts.contacts("c1")


def put(job: Job, path: str, *ids: str, **cells: Any) -> None:
    job.marts.orders(*ids, order_status=path.rpartition(",")[2], status_path=path, **cells)


def steps(job: Job, order: str) -> list[tuple[Any, ...]]:
    return job.marts.sql(
        "select step, order_status, status from metrica_export.order_steps "
        f"where entity = 'orders' and id = '{order}' order by upload_no"
    )


def deadlines(job: Job, columns: str) -> list[tuple[Any, ...]]:
    return job.marts.sql(f"select {columns} from metrica_export.deadlines order by id")


def wall_clock(days: float) -> str:
    """Return the time so many days ago, as the clocks of the counter's zone show it."""
    return str((datetime.now(ZONE) - timedelta(days=days)).replace(tzinfo=None))


def test_order_steps_name_each_status_with_its_upload_and_answer(job: Job) -> None:
    put(job, "new,in_work,paid", "1")
    put(job, "new", "2")
    job.sent()
    assert steps(job, "1") == [
        (1, "new", "PASSED"),
        (2, "in_work", "PASSED"),
        (3, "paid", "PASSED"),
    ]
    assert steps(job, "2") == [(1, "new", "PASSED")]
    uploads = job.marts.sql(
        "select s.uploading_id = u.uploading_id and s.finished_at = u.finished_at "
        "and s.counter_id = u.counter_id and s.started_at <= s.finished_at "
        "from metrica_export.order_steps s "
        "join metrica_export.uploads u on u.upload_no = s.upload_no"
    )
    assert uploads == [(True,)] * 4


def test_order_steps_name_a_lost_answer_as_unknown(job: Job) -> None:
    put(job, "new", "1")
    job.emulator.fault("non_json", "POST /data/orders/csv")
    job.run()
    assert steps(job, "1") == [(1, "new", "unknown")]
    assert job.sent() == {"orders": 1}
    assert steps(job, "1") == [(1, "new", "unknown"), (1, "new", "PASSED")]


def test_order_steps_keep_the_numbers_of_statuses_across_runs(job: Job) -> None:
    put(job, "new", "1")
    job.sent()
    job.marts.put("order_statuses", {"id": "called", "type": "IN_PROGRESS"})
    put(job, "new,called,paid", "1")
    job.sent()
    assert [status for _, status, _ in steps(job, "1")] == ["new", "called", "paid"]
    numbers = job.marts.sql("select status_no, status from metrica_export.ledger_status_numbers")
    assert len(dict(numbers)) == len({status for _, status in numbers}) == len(numbers)


def test_order_steps_leave_out_what_recovery_only_presumes(job: Job) -> None:
    put(job, "new", "1")
    job.sent()
    job.marts.sql("update metrica_export.ledger_deliveries set status_no = null")
    assert steps(job, "1") == []


def test_deadlines_are_21_and_111_days_by_the_clocks_of_the_counters_zone(job: Job) -> None:
    put(job, "new", "1", create_date_time="2026-03-01 10:00:00")
    job.sent()
    ((link, update),) = deadlines(job, "link_deadline, update_deadline")
    assert link == datetime(2026, 3, 22, 7, tzinfo=UTC)
    assert update == datetime(2026, 6, 20, 7, tzinfo=UTC)


def test_deadlines_count_the_whole_days_left(job: Job) -> None:
    for order, days in (("1", 0.5), ("2", 20.5), ("3", 21.5), ("4", 111.5)):
        put(job, "new", order, create_date_time=wall_clock(days))
    job.sent()
    assert deadlines(job, "id, link_days_left, update_days_left") == [
        ("1", 20, 110),
        ("2", 0, 90),
        ("3", -1, 89),
        ("4", -91, -1),
    ]


def test_deadlines_follow_the_first_delivered_creation_date(job: Job) -> None:
    put(job, "new", "1", create_date_time="2026-11-01 10:00:00")
    job.sent()
    put(job, "new", "1", "2", create_date_time="2026-11-05 10:00:00")
    before = deadlines(job, "id, cast(create_date_time as date), first_sent_at is not null")
    assert [(order, str(day), sent) for order, day, sent in before] == [
        ("1", "2026-11-01", True),
        ("2", "2026-11-05", False),
    ]
    first = deadlines(job, "first_sent_at")[0]
    job.sent()
    assert deadlines(job, "first_sent_at")[0] == first


def test_deadlines_are_empty_for_a_date_beyond_the_calendar(job: Job) -> None:
    put(job, "new", "1", create_date_time="1969-12-31 00:00:00")
    put(job, "new", "2", create_date_time=None)
    assert job.run().error is None
    assert deadlines(job, "id, link_deadline, update_days_left") == [
        ("1", None, None),
        ("2", None, None),
    ]


def test_views_of_orders_outlive_the_next_build(job: Job) -> None:
    put(job, "new", "1")
    job.sent()
    job.marts.sql("create table metrica.orders_new as select * from metrica.orders")
    job.marts.sql("drop table metrica.orders cascade")
    job.marts.sql("alter table metrica.orders_new rename to orders")
    assert deadlines(job, "id, first_sent_at is not null") == [("1", True)]
    assert steps(job, "1") == [(1, "new", "PASSED")]


def test_views_of_orders_have_the_columns_that_the_dbt_source_describes(job: Job) -> None:
    put(job, "new", "1")
    job.sent()
    (source,) = yaml.safe_load((MARTS / "_metrica_export__sources.yml").read_text("utf-8"))[
        "sources"
    ]
    described = {
        table["name"]: [column["name"] for column in table["columns"]] for table in source["tables"]
    }
    for view in ("order_steps", "deadlines"):
        with job.marts.connection() as connection:
            connection.execute(f"select * from metrica_export.{view}")
            assert [column[0] for column in connection.description] == described[view]


def test_views_that_are_missing_are_created_by_the_next_run(job: Job) -> None:
    job.sent()
    job.marts.sql("drop view metrica_export.mart_rows")
    assert job.sent() == {}
    assert job.states("contacts") == {"c1": ("sent", None)}
