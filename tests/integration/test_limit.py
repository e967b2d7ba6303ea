"""`--limit`: a first, small delivery of whole orders, after which the next run sends the rest."""

from collections import Counter
from pathlib import Path

import pytest
from metrica_export.errors import SettingsError
from metrica_export.integrations.process import Finished
from metrica_export.settings import Form, Gate

from tests.support.job import Job

PATHS = ("new", "new,in_work", "new,in_work,paid")
OLD = "2026-01-01 00:00:00+00"
ON_DUCKDB = pytest.mark.parametrize("job", ["duckdb"], indirect=True)


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    job.marts.put(
        "order_statuses",
        *({"id": key, "type": "IN_PROGRESS"} for key in ("new", "in_work", "paid")),
    )
    job.marts.put("products", {"name": "p1"})
    job.marts.contacts(*(f"c{n}" for n in range(20)), "alone")
    for n in range(20):
        path = PATHS[0 if n < 16 else 1 if n < 18 else 2]
        job.marts.orders(
            str(n), client_uniq_id=f"c{n}", status_path=path, order_status=path.split(",")[-1]
        )


def deliveries(job: Job) -> Counter[tuple[str, str, str | None]]:
    """Count the deliveries of each row and status."""
    rows = job.marts.sql(
        "select u.entity, d.id, s.status from metrica_export.ledger_deliveries d "
        "join metrica_export.ledger_uploads u on u.upload_no = d.upload_no "
        "left join metrica_export.ledger_status_numbers s on s.status_no = d.status_no "
        "and s.counter_id = u.counter_id where u.status = 'PASSED'"
    )
    return Counter(tuple(row) for row in rows)


def statuses(job: Job) -> Counter[str]:
    return Counter(job.held_by_metrica("orders", "order_status").values())


def test_limit_sends_whole_orders_of_every_status_with_their_contacts(job: Job) -> None:
    planned, outcome = job.plan(limit=6), job.run(limit=6)
    assert outcome.error is None
    assert planned.entities == outcome.entities
    assert planned.changes == outcome.changes
    assert statuses(job) == {"new": 2, "in_work": 2, "paid": 2}
    contacts = job.held_by_metrica("orders", "client_uniq_id").values()
    assert set(job.held_by_metrica("contacts", "uniq_id")) == set(contacts)
    counts = {name: (c.sent, c.pending) for name, c in outcome.entities.items()}
    assert counts == {
        "order_statuses": (3, 0),
        "products": (1, 0),
        "contacts": (6, 15),
        "orders": (6, 14),
    }
    assert Counter(state for state, _ in job.states("orders").values()) == {
        "sent": 6,
        "pending": 14,
    }
    marts = "select entity from metrica_export.ledger_watermarks order by 1"
    assert job.marts.sql(marts) == [("order_statuses",), ("products",)]


def test_limit_leaves_the_rest_to_the_next_run_and_sends_no_row_twice(job: Job) -> None:
    job.run(limit=4)
    job.marts.contacts("late", updated_at=OLD)
    job.marts.orders("late", client_uniq_id="late", order_status="new", updated_at=OLD)
    assert job.run(limit=1).entities["orders"].sent == 1
    assert job.sent() == {"contacts": 22 - 5, "orders": 21 - 5}
    assert set(deliveries(job).values()) == {1}
    assert statuses(job) == {"new": 17, "in_work": 2, "paid": 2}
    assert job.sent() == {}


def test_limit_after_a_complete_run_loses_no_change_behind_the_watermark(job: Job) -> None:
    job.run()
    job.marts.orders("bad", order_status="mystery")
    job.marts.orders("0", "1", "2", client_uniq_id="c0", order_status="new", revenue="7.00")
    outcome = job.run(limit=2)
    assert (outcome.entities["orders"].sent, outcome.entities["orders"].held) == (2, 1)
    job.marts.put("order_statuses", {"id": "mystery", "type": "OTHER"})
    assert job.sent()["orders"] == 2
    assert job.sent() == {}


def test_limit_above_the_orders_leaves_contacts_without_orders(job: Job) -> None:
    assert job.run(limit=100).entities["orders"].pending == 0
    assert "alone" not in job.held_by_metrica("contacts", "uniq_id")
    assert job.sent() == {"contacts": 1}


def test_limit_ended_early_by_metrica_loses_nothing(job: Job) -> None:
    job.emulator.fault("status:403", "POST /data/orders/csv")
    assert job.run(limit=5).exit_code == 4
    assert job.run(limit=5).error is None
    assert len(job.held_by_metrica("orders", "id")) == 5
    assert len(job.held_by_metrica("contacts", "uniq_id")) == 5
    job.run()
    assert set(deliveries(job).values()) == {1}
    assert len(job.held_by_metrica("orders", "id")) == 20


def test_limit_counts_sendable_orders_only(job: Job) -> None:
    job.emulator.fault("refuse:c1", "POST /data/contacts/csv")
    job.marts.contacts("c0", phones="8 (999) 1")
    outcome = job.run(limit=20, gate=Gate(accepted=frozenset({"unsendable"})))
    assert outcome.error is None
    assert "0" not in job.held_by_metrica("orders", "id")
    assert job.states("orders")["0"] == ("held", "contact_unsendable")


@ON_DUCKDB
def test_limit_prefers_orders_in_metricas_window(job: Job) -> None:
    job.marts.sql("update metrica.orders set create_date_time = now() - interval '100 days'")
    job.marts.sql("update metrica.orders set create_date_time = now() where id in ('7', '11')")
    job.run(only=("order_statuses", "contacts"))
    job.run(limit=5)
    assert {"7", "11"} <= set(job.held_by_metrica("orders", "id"))


@ON_DUCKDB
def test_limit_counts_the_expiring_orders_that_it_leaves(job: Job, tmp_path: Path) -> None:
    job.run(only=("order_statuses", "contacts"))
    soon = "now() - interval '20 days 12 hours'"
    job.marts.sql(f"update metrica.orders set create_date_time = {soon}")
    outcome = job.run(limit=6)
    assert (outcome.entities["orders"].sent, outcome.expiring) == (6, 14)
    changes = outcome.changes["orders"]
    assert (changes.expiring, changes.unselected, changes.unselected_expiring) == (6, 14, 14)
    assert Finished(0, outcome.as_dict()).counts("orders")["expiring"] == 14
    saved = tmp_path / "plan.json"
    job.plan(out=saved, limit=4)
    job.marts.sql("update metrica.orders set create_date_time = now() - interval '22 days'")
    late = job.run(saved_plan=saved, limit=4)
    assert (late.error, late.entities["orders"].sent, late.expiring) == (None, 4, 0)


@ON_DUCKDB
def test_limit_works_for_simple_orders(job: Job) -> None:
    job.marts.simple_orders("1", "2", "3")
    job.marts.simple_orders("4", order_status="CANCELLED")
    only, form = ("simple_orders",), Form("simple")
    assert job.run(only, limit=2, form=form).entities["simple_orders"].sent == 2
    assert job.states("simple_orders")["4"] == ("sent", None)
    assert job.sent(only, form=form) == {"simple_orders": 2}


@ON_DUCKDB
def test_limit_is_part_of_a_saved_plan(job: Job, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    job.plan(out=saved, limit=3)
    assert job.run(saved_plan=saved).exit_code == 6
    assert job.run(saved_plan=saved, limit=3).entities["orders"].sent == 3


@ON_DUCKDB
def test_limit_needs_orders(job: Job) -> None:
    for only, erased in ((("contacts",), None), (("contacts", "orders"), "contacts")):
        with pytest.raises(SettingsError, match="--limit 3 selects orders"):
            job.options(only, limit=3, erase_vanished=erased)
