"""The histories that break other tools, numbered as the project's delivery guarantees are.

What needs more than one test stands together; the rest of the ways to fail are in
tests/faults, at random and at every step.
"""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.support.job import Job
from tests.support.marts_fixture import CONTACT

LATER = "2026-11-03 00:00:00+00"
EARLIER = "2026-10-01 00:00:00+00"


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    """Put rows that can be sent into the marts."""
    job.marts.contacts("c1", "c2", "c3")
    job.marts.orders("1", "2", "3")


def start(job: Job, *flags: str, setup: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    """Start a run as a process of its own, which can be killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "metrica_export", "run", *flags, *job.marts.flags],
        env=os.environ
        | {
            "METRICA_TOKEN": job.emulator.token,
            "METRICA_COUNTER_ID": str(job.emulator.counter),
            "METRICA_API_URL": job.emulator.url,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=setup,  # noqa: PLW1509 - sets a limit and nothing else
    )


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def uploading(job: Job) -> bool:
    """Tell whether a run is about to upload contacts: its attributes are there by then."""
    return bool(job.emulator.sql("select 1 from attributes"))


def test_1_rows_that_share_the_watermark_and_come_after_the_run_go(job: Job) -> None:
    assert job.sent() == {"contacts": 3, "orders": 3}
    job.marts.orders("4", "5")  # at the very timestamp of 1, 2 and 3
    assert job.sent() == {"orders": 2}


def test_2_a_mass_update_goes_whole_and_once(job: Job) -> None:
    rows = [{"uniq_id": f"m{i}"} | CONTACT for i in range(50)]
    job.marts.put("contacts", *rows)
    names = "name, create_date_time, emails, phones, identifiers_count, updated_at, row_hash"
    job.marts.sql(
        f"insert into metrica.contacts (uniq_id, {names}) "
        "select a.uniq_id || '-' || b.n, a.name, a.create_date_time, a.emails, a.phones, "
        "a.identifiers_count, a.updated_at, md5(a.uniq_id || b.n) from metrica.contacts a, "
        "(select cast(g as text) as n from generate_series(1, 500) as t(g)) b "
        "where a.uniq_id like 'm%'"
    )
    outcome = job.run(chunk_rows=10_000)
    assert outcome.entities["contacts"].sent == 25_053
    job.marts.sql(
        f"update metrica.contacts set updated_at = '{LATER}', row_hash = md5(row_hash), "
        "name = 'Новое имя' where uniq_id like 'm%-%'"
    )
    outcome = job.run(chunk_rows=10_000)
    assert (outcome.entities["contacts"].sent, outcome.entities["contacts"].uploads) == (25_000, 3)
    assert job.emulator.sql("select count(*) from contacts where name = 'Новое имя'") == [(25_000,)]
    assert job.sent() == {}


def test_3_a_transaction_that_commits_late_with_an_older_timestamp_goes(job: Job) -> None:
    if job.marts.database is None:
        # One process at a time writes a DuckDB file: late is only ever after the run.
        assert job.sent() == {"contacts": 3, "orders": 3}
        job.marts.orders("4", updated_at=EARLIER)
    else:
        with job.marts.connection() as late:
            late.execute(
                "insert into metrica.orders select '4', client_uniq_id, client_type, "
                "create_date_time, finish_date_time, order_status, revenue, cost, currency, "
                f"goals, products, items_count, status_path, '{EARLIER}', md5('4') "
                "from metrica.orders where id = '1'"
            )
            outcome = job.run
            from_other_connection = threading.Thread(target=outcome)
            from_other_connection.start()
            wait_for(lambda: len(job.held_by_metrica("orders", "id")) == 3)
            from_other_connection.join()
    assert job.sent() == {"orders": 1}


@pytest.mark.parametrize("stamp", [None, "2999-01-01 00:00:00+00", EARLIER])
def test_4_missing_future_and_backward_timestamps_hide_nothing(job: Job, stamp: str | None) -> None:
    job.sent()
    job.marts.orders("1", revenue="1.00", updated_at=stamp)
    assert job.sent() == {"orders": 1}
    job.marts.orders("1", revenue="2.00", updated_at=stamp)
    assert job.sent() == {"orders": 1}
    assert job.sent() == {}


def test_5_a_row_that_changes_in_flight_goes_again_in_its_newer_state(job: Job) -> None:
    job.emulator.fault("slow:2", "POST /data/orders/csv")
    with start(job) as run:
        if job.marts.database is None:
            # The file belongs to the run: a change has to wait for its end.
            wait_for(lambda: job.emulator.sql("select 1 from contacts"))
            with pytest.raises(duckdb.IOException):
                job.marts.orders("1", revenue="999.00", updated_at=LATER)
            run.wait()
            job.marts.orders("1", revenue="999.00", updated_at=LATER)
        else:
            wait_for(
                lambda: (
                    uploading(job)
                    and job.marts.sql(
                        "select 1 from metrica_export.ledger_uploads where entity = 'orders'"
                    )
                )
            )
            job.marts.orders("1", revenue="999.00", updated_at=LATER)
        run.communicate()
    assert job.held_by_metrica("orders", "revenue")["1"] == 100.5
    assert job.states("orders")["1"] == ("pending", None)
    assert job.sent() == {"orders": 1}
    assert job.held_by_metrica("orders", "revenue")["1"] == 999


def test_6_a_column_added_to_a_mart_sends_the_rows_it_changes(job: Job) -> None:
    job.sent()
    manifest = job.marts.folder / "target" / "manifest.json"
    manifest.write_text(
        manifest.read_text().replace(
            '"items_count": {',
            '"channel": {"config": {"meta": {"metrica": {"type": "text"}}}}, "items_count": {',
        )
    )
    job.marts.sql("create table metrica.rebuilt as select * from metrica.orders")
    job.marts.sql("drop table metrica.orders")
    job.marts.sql("alter table metrica.rebuilt rename to orders")
    outcome = job.run()
    assert outcome.exit_code == 3
    assert "channel" in (outcome.error or "")
    job.marts.sql("alter table metrica.orders add column channel text")
    job.marts.sql("update metrica.orders set channel = 'shop', row_hash = md5(row_hash || 'shop')")
    assert job.sent() == {"orders": 3}
    assert job.emulator.sql("select distinct custom from orders") == [
        ('{"channel": "shop", "items_count": 1.0}',)
    ]


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "timeout_after", "truncated"])
def test_8_a_lost_answer_is_asked_for_again_without_effect(job: Job, fault: str) -> None:
    job.emulator.fault(fault, "POST /data/orders/csv")
    outcome = job.run()
    if outcome.entities["orders"].held:
        outcome = job.run()
    assert outcome.exit_code == 0
    assert len(job.held_by_metrica("orders", "id")) == 3
    assert job.sent() == {}


def test_8_a_run_killed_between_the_post_and_the_ledger_sends_its_chunk_again(job: Job) -> None:
    job.emulator.fault("slow_after:5", "POST /data/contacts/csv")
    with start(job) as run:
        wait_for(lambda: job.emulator.sql("select 1 from contacts"))
        run.send_signal(signal.SIGKILL)
    # What another program uploads meanwhile looks the same in Metrica's list.
    mapping = '"uniq_id":"uniq_id","name":"name"'
    rows = "uniq_id,name\nx1,A\nx2,B\nx3,C\n"
    assert job.emulator.upload("/data/contacts/csv", rows, columns_mapping=mapping).ok
    assert job.sent() == {"contacts": 3, "orders": 3}
    assert job.marts.sql(
        "select status, count(*) from metrica_export.uploads where entity = 'contacts' "
        "group by 1 order by 1"
    ) == [("PASSED", 1), ("unknown", 1)]
    assert job.sent() == {}


def test_10_a_third_run_goes_on_after_the_holder_of_the_lock_was_killed(job: Job) -> None:
    job.emulator.fault("slow:3", "POST /data/contacts/csv")
    with start(job) as first:
        wait_for(lambda: uploading(job))
        second = job.run()
        assert second.exit_code == 5
        first.send_signal(signal.SIGKILL)
    assert job.sent() == {"contacts": 3, "orders": 3}


def test_10_a_run_that_is_told_to_end_ends_in_order(job: Job) -> None:
    job.emulator.fault("slow:3", "POST /data/contacts/csv")
    with start(job) as run:
        wait_for(lambda: uploading(job))
        time.sleep(0.5)
        run.send_signal(signal.SIGTERM)
        _, said = run.communicate()
    assert run.returncode == 130
    assert "Interrupted by SIGTERM" in said
    assert job.marts.sql("select exit_code from metrica_export.ledger_runs") == [(130,)]
    assert job.sent() == {"contacts": 3, "orders": 3}


def test_11_a_warehouse_that_goes_away_and_comes_back_loses_nothing(
    job: Job, request: pytest.FixtureRequest
) -> None:
    if job.marts.database is None:
        # A DuckDB file cannot go away under an open process; it can be held by another one.
        with job.marts.connection():
            held = start(job)
            _, said = held.communicate()
        assert held.returncode == 5
        assert "in use by another process" in said
    else:
        server = request.getfixturevalue("postgres")
        job.emulator.fault("slow:2", "POST /data/contacts/csv")
        with start(job) as run:
            wait_for(lambda: uploading(job))
            time.sleep(0.5)
            server.kill()
            _, said = run.communicate()
        assert run.returncode in (3, 5), said
        assert "Traceback" not in said
        server.start()
    assert job.sent() == {"contacts": 3, "orders": 3}
    assert job.sent() == {}


MANY = "generate_series(1, 50000)"


def test_11_a_full_disk_for_staging_ends_the_run_with_a_message(job: Job, tmp_path: Path) -> None:
    # Rows that take little room in the warehouse and more than there is in a file.
    job.marts.sql(
        "insert into metrica.contacts (uniq_id, name, row_hash) "
        f"select 'n' || i, repeat('Анна Ли ', 20), md5('n' || i) from {MANY} as t (i)"
    )

    def nearly_full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9_000_000, 9_000_000))

    staging = tmp_path / "staging"
    staging.mkdir()
    signal_was = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        run = start(job, "--staging-dir", str(staging), setup=nearly_full)
        _, said = run.communicate()
    finally:
        signal.signal(signal.SIGXFSZ, signal_was)
    assert run.returncode == 2
    assert "--staging-dir" in said
    assert "Traceback" not in said
    assert list(staging.iterdir()) == []
    assert job.sent() == {"contacts": 50_003, "orders": 3}


@pytest.mark.parametrize("retry_after", [None, 1])
@pytest.mark.parametrize("status", [420, 429])
def test_12_a_passing_quota_is_waited_for(
    job: Job, waits: list[float], status: int, retry_after: int | None
) -> None:
    job.emulator.fault(
        f"status:{status}:quota_parallel_requests",
        "POST /data/orders/csv",
        times=2,
        retry_after=retry_after,
    )
    assert job.sent() == {"contacts": 3, "orders": 3}
    assert len(waits) == 2
    assert min(waits) > 0
    if retry_after is not None:
        assert waits == [retry_after, retry_after]
