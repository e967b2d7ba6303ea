"""The counts of a run that was cut short: in the JSON, in the ledger, and in the message."""

from collections.abc import Callable
from typing import Any

import pytest
from metrica_export.errors import InterruptedRunError, LedgerError, WarehouseError
from metrica_export.ledger.writer import Journal
from metrica_export.metrica.answer import Answer
from metrica_export.metrica.client import Metrica

from tests.support.job import Job

ON_DUCKDB = pytest.mark.parametrize("job", ["duckdb"], indirect=True)


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    job.marts.contacts(*(f"c{i}" for i in range(1, 6)))
    job.marts.contacts("bad", phones="8 (999) 1")
    job.marts.orders("1", "2")


def at_upload(monkeypatch: pytest.MonkeyPatch, number: int, act: Callable[[], None]) -> None:
    """Act before the upload of that number."""
    upload, seen = Metrica.upload, []

    def watched(*given: Any) -> Answer:
        seen.append(1)
        if len(seen) == number:
            act()
        return upload(*given)

    monkeypatch.setattr(Metrica, "upload", watched)


def recorded(job: Job) -> dict[str, tuple[int, ...]]:
    """Return the counts of the last run: rows, sent, unchanged, rejected, held, uploads."""
    rows = job.marts.sql(
        "select entity, mart_rows, sent, unchanged, rejected, held, uploads "
        "from metrica_export.runs where run_no = (select max(run_no) from metrica_export.runs)"
    )
    return {row[0]: row[1:] for row in rows}


@ON_DUCKDB
@pytest.mark.parametrize(
    "error",
    [
        InterruptedRunError("Interrupted by SIGTERM."),
        LedgerError("The lock is lost."),
        WarehouseError("The warehouse is gone."),
        KeyError("x"),
    ],
    ids=["signal", "lock", "warehouse", "crash"],
)
def test_run_counts_run_cut_short_counts_the_rows_delivered_until_then(
    job: Job, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail() -> None:
        raise error

    at_upload(monkeypatch, 3, fail)
    outcome = job.run(chunk_rows=1)
    contacts, orders = outcome.entities["contacts"], outcome.entities["orders"]
    assert (contacts.sent, contacts.rejected, contacts.pending, contacts.uploads) == (2, 1, 3, 2)
    assert (orders.sent, orders.pending) == (0, 2)
    assert outcome.bytes > 0
    assert "Delivered in this run: 2 of 5 rows of contacts, 0 of 2 rows of orders." in (
        outcome.error or ""
    )
    assert "Not compared" not in (outcome.error or "")
    assert recorded(job)["contacts"] == (6, 2, 0, 1, 0, 2)
    assert recorded(job)["orders"] == (2, 0, 0, 0, 0, 0)
    monkeypatch.undo()
    assert job.sent() == {"contacts": 3, "orders": 2}


@ON_DUCKDB
def test_run_counts_run_cut_short_counts_refused_rows_too(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise InterruptedRunError("Interrupted by SIGTERM.")

    job.emulator.fault("refuse:c1", "POST /data/contacts/csv", times=None)
    at_upload(monkeypatch, 4, fail)
    contacts = job.run(chunk_rows=1).entities["contacts"]
    assert contacts.sent + contacts.rejected == 4
    assert contacts.pending == 2


@ON_DUCKDB
def test_run_counts_run_whose_end_cannot_be_recorded_has_its_counts_in_the_ledger(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise WarehouseError("The warehouse is gone.")

    monkeypatch.setattr(Journal, "finish_run", fail)
    at_upload(monkeypatch, 7, fail)
    job.run(chunk_rows=1)
    ((requests,),) = job.marts.sql("select requests from metrica_export.ledger_runs")
    assert requests >= 7
    found = recorded(job)
    assert found["contacts"] == (6, 5, 0, 1, 0, 5)
    assert found["orders"] == (2, 1, 0, 0, 0, 1)
    assert found["products"] == (0, 0, 0, 0, 0, 0)


@ON_DUCKDB
def test_run_counts_run_records_rows_that_metrica_refused_or_did_not_decide_on(job: Job) -> None:
    job.emulator.fault("refuse:c2", "POST /data/contacts/csv", times=None)
    job.emulator.fault("non_json", "POST /data/orders/csv")
    assert job.run().error is None
    found = recorded(job)
    assert found["contacts"][:5] == (6, 4, 0, 2, 0)
    assert found["orders"] == (2, 0, 0, 0, 2, 1)


@ON_DUCKDB
def test_run_counts_run_leaves_the_counts_of_earlier_runs_as_they_were(job: Job) -> None:
    job.run()
    first = recorded(job)
    job.marts.orders("3")
    job.run()
    assert recorded(job)["orders"] == (3, 1, 2, 0, 0, 1)
    job.marts.sql("delete from metrica_export.ledger_run_entities where run_no = 2")
    job.marts.sql("delete from metrica_export.ledger_runs where run_no = 2")
    assert recorded(job) == first


@pytest.mark.parametrize("job", ["postgres"], indirect=True)
def test_run_counts_lost_warehouse_leaves_the_counts_of_the_delivered_rows(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose() -> None:
        job.marts.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )

    at_upload(monkeypatch, 3, lose)
    outcome = job.run(chunk_rows=1)
    assert outcome.exit_code in (WarehouseError.exit_code, LedgerError.exit_code)
    contacts = outcome.entities["contacts"]
    ((passed,),) = job.marts.sql(
        "select count(*) from metrica_export.uploads where entity = 'contacts' "
        "and status = 'PASSED'"
    )
    assert 2 <= contacts.sent == passed < 5
    assert (contacts.rejected, outcome.entities["orders"].pending) == (1, 2)
    assert outcome.finished_at is not None
    assert recorded(job)["contacts"][:4] == (6, passed, 0, 1)
    monkeypatch.undo()
    assert job.sent() == {"contacts": 5 - passed, "orders": 2}


@ON_DUCKDB
def test_run_counts_run_stopped_by_the_gate_has_the_counts_of_all_marts(job: Job) -> None:
    job.marts.contacts(*(f"b{i}" for i in range(4)), phones="8 (999) 1")
    outcome = job.run()
    assert outcome.exit_code == 6
    counts = {mart: (c.rows, c.sent, c.rejected) for mart, c in outcome.entities.items()}
    assert counts == {
        "order_statuses": (0, 0, 0),
        "products": (0, 0, 0),
        "contacts": (10, 0, 5),
        "orders": (2, 0, 0),
    }
    assert {mart: (c[0], c[1], c[3]) for mart, c in recorded(job).items()} == counts
    assert "Not compared" not in (outcome.error or "")
    assert "Delivered" not in (outcome.error or "")


@ON_DUCKDB
def test_run_counts_run_that_ends_before_it_compares_names_the_marts(job: Job) -> None:
    job.emulator.fault("status:403", "/management/", times=None)
    outcome = job.run()
    assert outcome.entities == {}
    assert "Not compared: order_statuses, products, contacts, orders." in (outcome.error or "")
