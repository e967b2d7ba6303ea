"""Rows that were delivered and have left the mart: counted, and erased on demand."""

from pathlib import Path

import pytest
from metrica_export.errors import InterruptedRunError, SettingsError
from metrica_export.settings import Form, Gate, Options

from tests.integration.test_run_counts import at_upload
from tests.support.job import Job

ON_DUCKDB = pytest.mark.parametrize("job", ["duckdb"], indirect=True)
LATER = "2026-11-03 00:00:00+00"


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    job.marts.contacts("c1", "c2", "c3", birth_date="1990-01-01")
    job.marts.orders("1", "2")
    assert job.run().error is None


def leave(job: Job, *contacts: str) -> None:
    for contact in contacts:
        job.marts.sql(f"delete from metrica.contacts where uniq_id = '{contact}'")


def vanished(job: Job) -> dict[str, int]:
    """Return how many vanished rows a plan and then a run count by mart."""
    planned, outcome = job.plan(), job.run()
    assert outcome.error is None
    assert outcome.changes == planned.changes
    return {mart: changes.vanished for mart, changes in outcome.changes.items() if changes.vanished}


def test_vanished_rows_are_counted_by_mart_in_every_run(job: Job) -> None:
    assert vanished(job) == {}
    leave(job, "c2", "c3")
    job.marts.sql("delete from metrica.orders where id = '2'")
    assert vanished(job) == {"contacts": 2, "orders": 1}
    job.marts.contacts("c4", updated_at=LATER)
    assert vanished(job) == {"contacts": 2, "orders": 1}
    job.marts.contacts("c2", birth_date="1990-01-01")
    assert vanished(job) == {"contacts": 1, "orders": 1}


def test_vanished_contacts_are_erased_once_and_come_back(job: Job) -> None:
    leave(job, "c2", "c3")
    job.marts.contacts("c4")
    planned = job.plan(erase_vanished="contacts")
    outcome = job.run(erase_vanished="contacts")
    assert planned.entities == outcome.entities
    contacts = outcome.entities["contacts"]
    assert (contacts.rows, contacts.sent, contacts.unchanged, contacts.pending) == (2, 1, 1, 0)
    assert outcome.changes["contacts"].erased["phones"] == 2
    assert job.emulator.sql(
        "select uniq_id, name, birth_date, emails, phones, custom, create_date_time "
        "from contacts where uniq_id in ('c2', 'c3') order by 1"
    ) == [
        (contact, None, None, None, None, None, "2026-01-02 03:04:05") for contact in ("c2", "c3")
    ]
    assert set(job.held_by_metrica("contacts", "phones").values()) == {'["79995551111"]', None}
    assert vanished(job) == {}
    assert job.run(erase_vanished="contacts").entities["contacts"].uploads == 0
    job.marts.contacts("c2", birth_date="1990-01-01")
    assert job.run().entities["contacts"].sent == 1
    assert job.held_by_metrica("contacts", "phones")["c2"] == '["79995551111"]'


@ON_DUCKDB
def test_values_of_vanished_contacts_pass_the_gate(job: Job) -> None:
    leave(job, "c2")
    outcome = job.run(erase_vanished="contacts", gate=Gate(erased_values=4))
    assert outcome.exit_code == 6
    assert "1 of phones in contacts" in (outcome.error or "")
    assert job.held_by_metrica("contacts", "phones")["c2"] == '["79995551111"]'


@ON_DUCKDB
def test_vanished_contacts_that_metrica_refuses_stay_vanished(job: Job) -> None:
    leave(job, "c2")
    job.emulator.fault("refuse:c2", "POST /data/contacts/csv")
    outcome = job.run(erase_vanished="contacts")
    contacts = outcome.entities["contacts"]
    assert (outcome.exit_code, contacts.rows, contacts.unchanged) == (0, 2, 2)
    assert vanished(job) == {"contacts": 1}
    assert job.run(erase_vanished="contacts").entities["contacts"].uploads == 1
    assert vanished(job) == {}


@ON_DUCKDB
def test_vanished_rows_are_counted_again_after_an_erasing_run_was_cut_short(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(job, "c2", "c3")
    assert vanished(job) == {"contacts": 2}

    def stop() -> None:
        raise InterruptedRunError("Interrupted by SIGTERM.")

    with monkeypatch.context() as patch:
        at_upload(patch, 2, stop)
        assert job.run(erase_vanished="contacts", chunk_rows=1).exit_code != 0
    found = "select entity from metrica_export.ledger_watermarks where entity = 'contacts'"
    assert job.marts.sql(found) == []
    assert vanished(job) == {"contacts": 1}


@ON_DUCKDB
def test_saved_plans_say_whether_vanished_contacts_are_erased(job: Job, tmp_path: Path) -> None:
    leave(job, "c2")
    saved = tmp_path / "plan.json"
    job.plan(out=saved, erase_vanished="contacts")
    assert job.run(saved_plan=saved).exit_code == 6
    assert job.run(saved_plan=saved, erase_vanished="contacts").exit_code == 0
    assert job.held_by_metrica("contacts", "phones")["c2"] is None


@ON_DUCKDB
@pytest.mark.parametrize(
    ("only", "merge_mode", "words"),
    [
        (("orders",), "SAVE", "does not export contacts"),
        (("contacts",), "UPDATE", "contacts=UPDATE"),
        (("contacts",), "APPEND", "contacts=APPEND"),
    ],
)
def test_settings_under_which_nothing_would_be_erased_are_refused(
    job: Job, only: tuple[str, ...], merge_mode: str, words: str
) -> None:
    form = Form(merge_modes=(("contacts", merge_mode),))
    with pytest.raises(SettingsError, match=words):
        Options(job.dbt, 1, only, form=form, erase_vanished="contacts")
