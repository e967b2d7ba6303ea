"""The ledger: versions, damage, the day's share of requests, and what a person may change."""

import pytest
from metrica_export.commands import reset
from metrica_export.ledger.reader import Ledger
from metrica_export.ledger.writer import Journal
from metrica_export.warehouse.session import open_session

from tests.support.job import Job


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    """Put rows that can be sent into the marts."""
    job.marts.contacts("c1", "c2")
    job.marts.orders("1", "2", "3")


@pytest.mark.parametrize("version", [0, 2, 99])
def test_ledger_of_another_version_is_refused(job: Job, version: int) -> None:
    job.sent()
    uploads = job.uploads()
    job.marts.sql(f"update metrica_export.ledger_version set version = {version}")
    outcome = job.run()
    assert outcome.exit_code == 5
    assert f"version {version}" in (outcome.error or "")
    assert "Install the version" in (outcome.error or "")
    assert job.uploads() == uploads


@pytest.mark.parametrize(
    "damage",
    [
        "delete from metrica_export.ledger_version",
        "alter table metrica_export.ledger_deliveries rename to gone",
    ],
)
def test_ledger_damaged_ledger_stops_the_run_and_names_the_way_out(job: Job, damage: str) -> None:
    job.sent()
    if job.marts.database:
        job.marts.sql("drop view metrica_export.mart_rows")
    job.marts.sql(damage)
    uploads = job.uploads()
    outcome = job.run()
    assert outcome.exit_code == 5
    assert "damaged" in (outcome.error or "")
    assert "drop schema metrica_export" in (outcome.error or "")
    assert job.uploads() == uploads
    job.marts.sql("drop schema metrica_export cascade")
    assert job.sent() == {"contacts": 2, "orders": 3}


def test_ledger_days_share_of_requests_holds_across_runs(job: Job) -> None:
    outcome = job.run(daily_requests=6, chunk_rows=1)
    assert outcome.exit_code == 4
    assert "--daily-requests" in (outcome.error or "")
    assert "00:00 GMT" in (outcome.error or "")
    assert "Delivered in this run: " in (outcome.error or "")
    assert outcome.requests == 6
    again = job.run(daily_requests=6, chunk_rows=1)
    assert (again.exit_code, again.requests) == (4, 0)
    assert sum(n for (n,) in job.emulator.sql("select count(*) from requests")) == 6
    assert job.run(daily_requests=4000).exit_code == 0


def test_ledger_counts_no_requests_of_earlier_days(job: Job) -> None:
    job.sent()
    with open_session(job.dbt) as session:
        assert Journal(session.wh, job.emulator.counter).requests_today() > 0
    job.marts.sql(
        "update metrica_export.ledger_runs set started_at = started_at - interval '1 day'"
    )
    with open_session(job.dbt) as session:
        assert Journal(session.wh, job.emulator.counter).requests_today() == 0


@pytest.mark.parametrize("status", [420, 429])
def test_metricas_daily_quota_stops_the_run_in_order(job: Job, status: int) -> None:
    job.emulator.switches(quota_status=status)
    job.emulator.quotas(requests_per_day_counter=5)
    outcome = job.run(chunk_rows=1)
    job.emulator.quotas(requests_per_day_counter=5000)
    job.emulator.switches(quota_status=429)
    assert outcome.exit_code == 4
    assert "00:00 GMT" in (outcome.error or "")
    assert outcome.entities["contacts"].pending + outcome.entities["contacts"].sent == 2
    assert job.run().exit_code == 0
    assert len(job.held_by_metrica("orders", "id")) == 3


def test_ledger_outcome_that_comes_late_is_waited_for(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrica_export.metrica.client.time.sleep", lambda _: None)
    job.emulator.switches(delayed_visibility=2)
    assert job.sent() == {"contacts": 2, "orders": 3}


def test_ledger_outcome_that_comes_after_the_run_is_found_by_the_uploads_id(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrica_export.metrica.client.time.sleep", lambda _: None)
    assert job.sent() == {"contacts": 2, "orders": 3}
    job.marts.orders("1", revenue="7.00", updated_at="2026-11-03 00:00:00+00")
    job.emulator.switches(delayed_visibility=5)
    first = job.run()
    job.emulator.switches(delayed_visibility=0)
    assert job.states("orders")["1"] == ("held", "outcome_unknown")
    assert first.exit_code == 0
    uploads = job.uploads()
    assert job.sent() == {}
    assert job.uploads() == uploads
    assert job.states("orders")["1"] == ("sent", None)


def test_refused_rows_wait_until_they_are_retried(job: Job) -> None:
    job.emulator.fault("refuse:2", "POST /data/orders/csv", times=None)
    job.marts.orders("4", order_status=None)
    assert job.run().entities["orders"].rejected == 2
    job.emulator.clear_faults()
    assert job.sent() == {}
    dbt, counter = job.dbt, job.emulator.counter
    assert reset.retry(dbt, counter, "orders", "1") == 0
    assert reset.retry(dbt, counter, "orders", "4") == 0
    assert reset.retry(dbt, counter, "orders", "2") == 1
    assert job.sent() == {"orders": 1}


@pytest.mark.parametrize("to_reset", [("contacts", "c1"), ("contacts", None), (None, None)])
def test_mart_rows_shows_the_verdict_of_a_reset_row_without_a_hash(
    job: Job, to_reset: tuple[str | None, str | None]
) -> None:
    job.sent()
    job.marts.sql("update metrica.contacts set row_hash = null where uniq_id = 'c1'")
    reset.reset(job.dbt, job.emulator.counter, *to_reset)
    job.run(everything=True)
    assert job.marts.sql(
        "select state, reason from metrica_export.mart_rows where entity = 'contacts' and id = 'c1'"
    ) == [("rejected", "hash_missing")]


def test_metricas_reason_is_kept_without_what_is_in_the_row(job: Job) -> None:
    job.marts.orders("z9", products="p1:9999999999")
    job.run()
    ((detail,),) = job.marts.sql(
        "select detail from metrica_export.mart_rows where entity = 'orders' and id = 'z9'"
    )
    assert "products" in detail
    assert "9999999999" not in detail
    assert "z9" not in detail


def test_ledger_refused_repetition_does_not_hide_that_the_first_attempt_was_taken(job: Job) -> None:
    job.sent()
    job.marts.orders("1", revenue="2.00")
    job.emulator.fault("drop_after", "POST /data/orders/csv")
    job.emulator.fault("failed", "POST /data/orders/csv")
    job.run()
    assert job.states("orders")["1"] == ("held", "outcome_unknown")
    job.marts.orders("1")
    assert job.sent() == {"orders": 1}
    assert job.held_by_metrica("orders", "revenue")["1"] == 100.5


def test_ledger_trusts_watermark_after_unknown_upload_was_repeated(job: Job) -> None:
    job.emulator.fault("drop_after", "POST /data/orders/csv")
    job.emulator.fault("failed", "POST /data/orders/csv")
    job.run()
    assert job.sent() == {"orders": 3}
    uploads = job.marts.sql("select status from metrica_export.uploads where entity = 'orders'")
    assert sorted(uploads) == [("PASSED",), ("unknown",)]
    with open_session(job.dbt) as session:
        assert Ledger(session.wh, job.emulator.counter).watermark("orders") is not None


def test_ledger_list_whose_answer_cannot_be_read_goes_again(job: Job) -> None:
    job.marts.put("products", {"name": "p1", "humanized": "A"})
    job.sent()
    job.marts.put("products", {"name": "p1", "humanized": "B"})
    job.emulator.fault("non_json", "POST /schema/products")
    assert job.run().exit_code == 4
    job.marts.put("products", {"name": "p1", "humanized": "A"})
    assert job.run().exit_code == 0
    assert job.held_by_metrica("products", "humanized") == {"p1": "A"}


def test_reset_forgets_as_much_as_it_is_told_to(job: Job) -> None:
    job.sent()
    dbt, counter = job.dbt, job.emulator.counter
    assert reset.count_sent(dbt, counter, "orders", "2") == {"orders": 1}
    reset.reset(dbt, counter, "orders", "2")
    assert job.sent() == {"orders": 1}
    reset.reset(dbt, counter, "contacts", None)
    # Orders that are there stay there: their contact was sent before, and is again now.
    assert job.sent() == {"contacts": 2}
    assert reset.count_sent(dbt, counter, None, None) == {
        "order_statuses": 0,
        "products": 0,
        "contacts": 2,
        "orders": 3,
        "simple_orders": 0,
    }
    reset.reset(dbt, counter, None, None)
    assert job.sent() == {"contacts": 2, "orders": 3}


def test_run_takes_a_marts_zone_from_its_newest_build_and_not_from_the_manifest(job: Job) -> None:
    # As after a build that failed: the manifest knows the new zone, the table is an old one.
    job.marts.record_build("orders", "Asia/Omsk")
    outcome = job.run()
    assert outcome.exit_code == 2
    assert "mart orders are in Asia/Omsk" in (outcome.error or "")
    assert job.uploads() == []


def test_run_without_a_recorded_build_says_to_run_dbt_build(job: Job) -> None:
    job.marts.sql("delete from metrica_work.mart_builds where mart = 'orders'")
    outcome = job.run()
    assert outcome.exit_code == 3
    assert (
        "metrica_work.mart_builds has no build of mart orders, so the time zone of its times is "
        "unknown. Run `dbt build`."
    ) in (outcome.error or "")
    job.marts.sql("drop table metrica_work.mart_builds")
    outcome = job.run()
    assert outcome.exit_code == 3
    assert "Table metrica_work.mart_builds" in (outcome.error or "")
    assert "Run `dbt build`" in (outcome.error or "")
    assert job.uploads() == []


def test_marts_with_a_prefix_have_a_ledger_with_that_prefix(job: Job) -> None:
    manifest = job.marts.folder / "target" / "manifest.json"
    text = manifest.read_text().replace('"schema": "metrica"', '"schema": "dev_metrica"')
    manifest.write_text(text)
    job.marts.sql("create schema dev_metrica")
    for mart in ("order_statuses", "products", "contacts", "orders"):
        job.marts.sql(f"create table dev_metrica.{mart} as select * from metrica.{mart}")
    assert job.sent() == {"contacts": 2, "orders": 3}
    assert job.marts.sql("select count(*) from dev_metrica_export.mart_rows") == [(5,)]


def test_bits_of_columns_are_kept_and_read(job: Job) -> None:
    job.sent()
    kept = dict(
        job.marts.sql(
            "select column_name, bit_no from metrica_export.ledger_columns "
            "where entity = 'contacts'"
        )
    )
    assert "name" in kept
    assert sorted(kept.values()) == list(range(len(kept)))
    with open_session(job.dbt) as session:
        assert Ledger(session.wh, job.emulator.counter).column_bits("contacts") == kept
