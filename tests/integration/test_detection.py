"""The delta: which rows a run compares, and the counts of those that it does not."""

from typing import Any

import pytest
from metrica_export.commands import reset
from metrica_export.delta.comparison import compare
from metrica_export.errors import InterruptedRunError
from metrica_export.metrica.answer import Answer
from metrica_export.metrica.client import Metrica
from metrica_export.settings import Gate
from metrica_export.warehouse.connection import Attached

from tests.support.job import Job

LATER = "2026-11-03 00:00:00+00"
EARLIER = "2026-10-01 00:00:00+00"
FUTURE = "2999-01-01 00:00:00+00"

Streams = pytest.CaptureFixture[str]


def test_delta_of_an_unchanged_mart_is_found_by_its_watermark(job: Job, capsys: Streams) -> None:
    job.marts.contacts("c1", updated_at=EARLIER)
    job.marts.contacts("c2", *(f"more{i}" for i in range(20)))
    job.marts.contacts("c3", updated_at=None)
    job.marts.contacts("c4", updated_at=FUTURE)
    job.marts.contacts("bad", phones="8 (999) 1", updated_at=EARLIER)
    job.marts.contacts("twice", "gone", "new")
    job.marts.sql(
        "insert into metrica.contacts select * from metrica.contacts where uniq_id = 'twice'"
    )
    job.marts.sql("update metrica.contacts set uniq_id = null where uniq_id = 'gone'")
    job.marts.contacts("spoilt")
    assert job.run(only=("contacts",)).entities["contacts"].sent == 26
    job.marts.contacts("spoilt", phones="8 (999) 2", updated_at=LATER)
    capsys.readouterr()
    for _ in range(2):
        counts = job.run(only=("contacts",)).entities["contacts"]
        assert (counts.rows, counts.unchanged, counts.rejected, counts.held) == (30, 25, 3, 2)
    # At the very time of the watermark, and after it, though before the future one.
    job.marts.contacts("c5", "c6", updated_at=LATER)
    assert job.run(only=("contacts",)).entities["contacts"].sent == 2
    assert "behind the watermark" not in capsys.readouterr().err
    job.marts.contacts("c1", name="Иная", updated_at=EARLIER)
    assert job.sent(only=("contacts",)) == {"contacts": 1}
    assert "rows behind the watermark changed; compared all 32 rows" in capsys.readouterr().err


def test_delta_compares_rows_behind_the_watermark_when_everything_is_asked_for(job: Job) -> None:
    job.marts.contacts("c1", updated_at=EARLIER)
    job.marts.contacts("c2")
    job.sent()
    # As after a restore of one table of the ledger.
    job.marts.sql("update metrica_export.ledger_deliveries set row_hash = null where id = 'c1'")
    assert job.sent() == {}
    assert job.sent(everything=True) == {"contacts": 1}


def test_delta_of_a_mart_with_rejected_rows_alone_counts_each_once(job: Job) -> None:
    job.marts.contacts("bad", phones="8 (999) 1")
    for everything in (False, True):
        counts = job.run(only=("contacts",), everything=everything).entities["contacts"]
        assert (counts.rejected, counts.held) == (1, 0)


def test_delta_has_no_verdict_of_a_rejected_row_that_left_the_mart(job: Job) -> None:
    job.marts.contacts("c1")
    job.marts.contacts("bad", phones="8 (999) 1", updated_at=EARLIER)
    job.run(only=("contacts",))
    job.marts.sql("delete from metrica.contacts where uniq_id = 'bad'")
    counts = job.run(only=("contacts",)).entities["contacts"]
    assert (counts.unchanged, counts.rejected) == (1, 0)
    assert job.marts.sql("select id from metrica_export.ledger_verdicts") == []


def test_delta_has_a_row_behind_the_watermark_after_its_reset(job: Job) -> None:
    job.marts.contacts("c1", updated_at=EARLIER)
    job.marts.contacts("c2")
    job.sent()
    reset.reset(job.dbt, job.emulator.counter, "contacts", "c1")
    assert job.sent() == {"contacts": 1}


def test_delta_has_a_refused_row_after_its_reset(job: Job) -> None:
    job.marts.contacts("c1", "c2")
    job.emulator.fault("refuse:c2", "POST /data/contacts/csv", times=None)
    job.run(only=("contacts",))
    job.emulator.clear_faults()
    assert job.sent(only=("contacts",)) == {}
    reset.reset(job.dbt, job.emulator.counter, "contacts", None)
    assert job.sent(only=("contacts",)) == {"contacts": 2}


@pytest.mark.parametrize("job", ["postgres"], indirect=True)
@pytest.mark.parametrize(("changes", "exit_code"), [(1, 0), (100, 3)])
def test_delta_reads_a_mart_again_that_changed_while_it_was_read(
    job: Job, monkeypatch: pytest.MonkeyPatch, changes: int, exit_code: int
) -> None:
    job.marts.contacts("c1", "c2")
    job.sent()
    job.marts.contacts("c1", "new", name="Иная")
    seen = []

    def compare_and_change(wh: Attached, mart: str) -> None:
        compare(wh, mart)
        seen.append(mart)
        if len(seen) == 1:
            job.marts.sql("delete from metrica.contacts where uniq_id = 'new'")
        elif len(seen) <= changes:
            job.marts.contacts("c1", name=f"Иная {len(seen)}")

    monkeypatch.setattr("metrica_export.delta.detection.compare", compare_and_change)
    outcome = job.run(only=("contacts",), everything=True)
    assert outcome.exit_code == exit_code, outcome.error
    assert len(seen) == (2 if exit_code == 0 else 5)
    if exit_code == 0:
        contacts = outcome.entities["contacts"]
        assert (contacts.rows, contacts.sent, contacts.unchanged) == (2, 1, 1)


@pytest.mark.parametrize("job", ["duckdb"], indirect=True)
def test_delta_whose_rows_do_not_add_up_stops_the_run(job: Job) -> None:
    job.marts.contacts("c1", "c2")
    job.sent()
    job.marts.sql(
        "insert into metrica_export.ledger_deliveries "
        "select * from metrica_export.ledger_deliveries where id = 'c1'"
    )
    outcome = job.run(only=("contacts",), everything=True)
    assert outcome.exit_code == 5
    assert "damaged" in (outcome.error or "")


def test_delta_has_a_row_that_was_turned_back_after_a_run_died(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.marts.contacts("c1", updated_at=EARLIER)
    job.marts.contacts("c2")
    job.sent()
    job.marts.contacts("c1", name="Иная", updated_at=LATER)
    upload = Metrica.upload

    def upload_and_die(*given: Any) -> Answer:
        upload(*given)
        raise InterruptedRunError("Interrupted by SIGTERM.")

    with monkeypatch.context() as patch:
        patch.setattr(Metrica, "upload", upload_and_die)
        assert job.run().exit_code != 0
    assert job.held_by_metrica("contacts", "name")["c1"] == "Иная"
    job.marts.contacts("c1", updated_at=EARLIER)
    assert job.plan().entities["contacts"].sent == 1
    assert job.sent() == {"contacts": 1}
    assert job.held_by_metrica("contacts", "name")["c1"] == "Анна Ли"


def test_delta_counts_no_step_of_an_order_as_vanished(job: Job) -> None:
    job.marts.put("order_statuses", {"id": "new", "type": "IN_PROGRESS"})
    job.marts.contacts("c1")
    job.marts.orders("1", status_path="new,PAID")
    assert job.run().entities["orders"].uploads == 2
    assert job.run().changes["orders"].vanished == 0


def test_delta_has_a_held_row_behind_the_watermark(job: Job) -> None:
    job.marts.contacts("c1")
    job.marts.orders("1", client_uniq_id="c2", updated_at=EARLIER)
    job.marts.orders("2")
    assert job.run().entities["orders"].held == 1
    job.marts.contacts("c2")
    assert job.sent() == {"contacts": 1, "orders": 1}


@pytest.mark.parametrize("job", ["duckdb"], indirect=True)
def test_delta_has_all_held_rows_where_they_are_many(job: Job) -> None:
    rows = 20_001
    job.marts.orders("o0", client_uniq_id="c9", updated_at=EARLIER)
    job.marts.sql(
        "insert into metrica.orders select o.* replace ('o' || i as id) from metrica.orders o, "
        f"range(1, {rows}) r (i)"
    )
    # It gives all rows their hash.
    job.marts.orders("later", client_uniq_id="c9")
    held = job.run(gate=Gate(accepted=frozenset({"unsendable"}))).entities["orders"].held
    assert held == rows + 1
    job.marts.contacts("c9")
    assert job.sent() == {"contacts": 1, "orders": rows + 1}
