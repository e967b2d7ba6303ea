"""What a run may not do on its own word, and plans that are applied exactly or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from metrica_export.errors import SettingsError
from metrica_export.settings import GATE, Form, Gate

from tests.support.job import ALL, Job

MANY = tuple(f"o{i:02}" for i in range(50))
ON_DUCKDB = pytest.mark.parametrize("job", ["duckdb"], indirect=True)
"""The engine cannot matter."""


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    job.marts.put(
        "order_statuses",
        {"id": "new", "type": "IN_PROGRESS"},
        {"id": "paid", "type": "PAID"},
        {"id": "spam", "type": "SPAM"},
    )
    job.marts.contacts("c1", name="Анна", birth_date="1990-01-01")
    job.marts.orders(*MANY, order_status="new", cost="5.00")
    assert job.run().error is None


def posts(job: Job) -> int:
    ((count,),) = job.emulator.sql("select count(*) from requests where method = 'POST'")
    return int(count)


def stopped(job: Job, what: str, *named: str, again: int = 0) -> None:
    """Assert that a run stops before its first POST, and passes once when it is accepted.

    `again` is the exit code of the run after that.
    """
    before = posts(job)
    outcome = job.run()
    assert outcome.exit_code == 6
    assert list(outcome.exceeded) == [what]
    message = outcome.error or ""
    for text in (*named, f"--accept {what}"):
        assert text in message, message
    assert posts(job) == before
    assert list(outcome.entities) == list(outcome.changes) == list(ALL)
    assert job.plan().exit_code == 6
    assert job.plan(gate=Gate(accepted=frozenset({what}))).exit_code == 0
    assert job.run(gate=Gate(accepted=frozenset({what}))).exit_code == 0
    assert job.run().exit_code == again


def test_gate_first_export_is_no_mass_change(job: Job) -> None:
    assert job.plan().exceeded == {}
    assert job.plan().changes["orders"].new == 0


def test_many_open_orders_that_turn_paid_at_once_stop_the_run(job: Job) -> None:
    job.marts.orders(*MANY[:11], order_status="paid", cost="5.00")
    assert job.plan().changes["orders"].paid == 11
    assert job.plan().changes["orders"].reached == {"paid": 11}
    stopped(job, "paid", "11 orders turn PAID", "50 are open", "20 %")


def test_as_many_as_the_limit_allows_may_turn_paid(job: Job) -> None:
    job.marts.orders(*MANY[:10], order_status="paid", cost="5.00")
    assert job.run().exit_code == 0


def leave_open(job: Job, count: int) -> None:
    """Close all but `count` orders, in a way that is no payment."""
    job.marts.orders(*MANY[count:], order_status="spam", cost="5.00")
    assert job.run().exit_code == 0


@ON_DUCKDB
def test_paid_gate_counts_from_10_open_orders_on(job: Job) -> None:
    leave_open(job, 21)
    job.marts.orders(*MANY[:5], order_status="paid", cost="5.00")
    stopped(job, "paid", "5 orders turn PAID", "21 are open", "20 %")


@ON_DUCKDB
def test_paid_gate_lets_9_open_orders_turn_paid(job: Job) -> None:
    leave_open(job, 9)
    job.marts.orders(*MANY[:9], order_status="paid", cost="5.00")
    assert job.run(gate=Gate(paid_percent=0)).exit_code == 0


@ON_DUCKDB
def test_paid_gate_adds_up_statuses_and_orders(job: Job) -> None:
    job.marts.put("order_statuses", {"id": "won", "type": "OTHER"})
    job.marts.orders(*MANY[:6], order_status="won", cost="5.00")
    assert job.run().exit_code == 0
    # 6 orders by their status's new type and 5 by their own: each alone is below 20 % of 50.
    job.marts.put("order_statuses", {"id": "won", "type": "PAID"})
    job.marts.orders(*MANY[6:11], order_status="paid", cost="5.00")
    stopped(job, "paid", "11 orders turn PAID", "50 are open")


@ON_DUCKDB
def test_shrink_gate_counts_from_10_rows_on(job: Job) -> None:
    job.marts.contacts(*(f"k{i}" for i in range(9)))
    assert job.run().exit_code == 0
    job.marts.sql("delete from metrica.contacts where uniq_id in ('k0', 'k1')")
    stopped(job, "shrink", "contacts had 10 rows and has 8")
    job.marts.sql("delete from metrica.contacts where uniq_id in ('k2', 'k3', 'k4')")
    assert job.run().exit_code == 0


def test_unsendable_gate_stops_when_delivered_orders_lose_their_status(job: Job) -> None:
    job.marts.sql("update metrica.orders set order_status = null, row_hash = md5(row_hash || 'x')")
    stopped(
        job,
        "unsendable",
        *("50 of 50 rows of orders are rejected or held", "50 of them value_missing"),
        *("in order_status (cure: Fill the column in the CRM", "20 %"),
        "--max-unsendable-percent",
        again=6,
    )
    assert job.run(gate=Gate(unsendable_percent=100)).exit_code == 0


@ON_DUCKDB
def test_unsendable_gate_stops_a_first_run(job: Job) -> None:
    job.marts.contacts(*(f"k{i}" for i in range(3)), phones="8 (999) 1")
    job.marts.contacts(*(f"n{i}" for i in range(6)))
    job.marts.sql("drop schema metrica_export cascade")
    stopped(job, "unsendable", "3 of 10 rows of contacts", "phones_malformed in phones", again=6)


@ON_DUCKDB
def test_unsendable_gate_ignores_shares_of_9_rows(job: Job) -> None:
    job.marts.contacts(*(f"k{i}" for i in range(8)), phones="8 (999) 1")
    assert job.run().exit_code == 0


@ON_DUCKDB
def test_unsendable_gate_stops_when_5_percent_of_delivered_rows_become_so(job: Job) -> None:
    job.marts.orders(*MANY[:3], order_status="mystery", cost="5.00")
    stopped(job, "unsendable", "3 of 50 delivered rows of orders have become", "5 %")
    # Accepted once: the rows that are held already do not stop the next run.
    job.marts.orders(*MANY[3:5], order_status="mystery", cost="5.00")
    assert job.run().exit_code == 0


@ON_DUCKDB
def test_unsendable_gate_counts_delivered_orders_with_statuses_left(job: Job) -> None:
    path = {"order_status": "new", "status_path": "new,spam,new", "cost": "5.00"}
    job.marts.orders(*MANY, **path)
    assert job.run(max_steps=1).exit_code == 0
    assert job.states("orders")[MANY[0]] == ("pending", "steps_left")
    job.marts.orders(*MANY[:3], **path, currency="XXX")
    stopped(job, "unsendable", "3 of 50 delivered rows of orders have become", "5 %")


@ON_DUCKDB
def test_unsendable_gate_counts_held_orders_of_unsendable_contacts(job: Job) -> None:
    job.marts.contacts("c1", phones="8 (999) 1")
    job.marts.sql("update metrica.orders set revenue = 7, row_hash = md5(row_hash || '7')")
    assert job.run().exit_code == 0, "a delivered contact stays known to Metrica"
    job.marts.orders(*(f"x{i}" for i in range(20)), client_uniq_id="nobody")
    stopped(job, "unsendable", "20 of 70 rows of orders", "contact_unknown", again=6)


@ON_DUCKDB
def test_unsendable_gate_ignores_orders_that_late_orders_hold_keeps(job: Job) -> None:
    late = {"create_date_time": "2020-01-01 00:00:00", "order_status": "new"}
    job.marts.orders(*(f"x{i}" for i in range(50)), **late)
    outcome = job.run(form=Form(hold_late=True))
    assert (outcome.exit_code, outcome.entities["orders"].held) == (0, 50)


def test_gate_payment_on_the_way_to_another_status_counts(job: Job) -> None:
    job.marts.orders(*MANY[:11], order_status="spam", cost="5.00", status_path="new,paid,spam")
    assert job.plan().changes["orders"].reached == {"paid": 11, "spam": 11}
    stopped(job, "paid", "11 orders turn PAID")


def test_gate_status_that_is_mapped_to_paid_later_stops_the_run(job: Job) -> None:
    job.marts.put("order_statuses", {"id": "new", "type": "PAID"})
    stopped(job, "paid", "50 orders turn PAID", "50 are open")


def test_open_orders_are_those_that_nothing_has_ended(job: Job) -> None:
    job.marts.put("order_statuses", {"id": "new", "type": "OTHER"})
    job.run()
    job.marts.orders(*MANY[:10], order_status="paid", cost="5.00")
    assert job.run().exit_code == 0


def test_gate_value_that_an_update_kept_is_erased_by_a_later_save(job: Job) -> None:
    job.marts.contacts("c1", name=None, birth_date="1990-01-01")
    job.run(form=Form(merge_modes=(("contacts", "UPDATE"),)))
    job.marts.contacts("c1", name=None, birth_date="1991-01-01")
    assert job.plan().changes["contacts"].erased == {"name": 1}


def test_values_that_would_be_erased_stop_the_run_and_are_named(job: Job) -> None:
    job.marts.orders(*MANY[:3], order_status="new", cost=None, revenue=None)
    job.marts.contacts("c1", name=None)
    before = posts(job)
    outcome = job.run(gate=Gate(erased_values=6))
    assert posts(job) == before
    for text in ("3 of cost in orders", "3 of revenue in orders", "1 of name", "limit is 6"):
        assert text in (outcome.error or "")
    erased = {mart: changes.erased for mart, changes in outcome.changes.items() if changes.erased}
    assert erased == {
        "contacts": {"name": 1, "birth_date": 1},
        "orders": {"cost": 3, "revenue": 3},
    }
    assert job.run(gate=Gate(erased_values=8)).exit_code == 0
    assert job.held_by_metrica("orders", "cost")[MANY[0]] is None
    assert job.plan().changes["orders"].erased == {}


def test_gate_other_merge_modes_erase_nothing(job: Job) -> None:
    job.marts.contacts("c1", name=None)
    form = Form(merge_modes=(("contacts", "UPDATE"),))
    assert job.run(form=form, gate=Gate(erased_values=0)).exit_code == 0
    assert job.held_by_metrica("contacts", "name") == {"c1": "Анна"}
    assert job.held_by_metrica("contacts", "birth_date") == {"c1": "1990-01-01"}


def test_gate_mart_that_has_lost_its_rows_stops_the_run(job: Job) -> None:
    gone = ", ".join(f"'{key}'" for key in MANY[:10])
    job.marts.sql(f"delete from metrica.orders where id in ({gone})")
    stopped(job, "shrink", "orders had 50 rows and has 40", "10 %")


def test_gate_changed_creation_date_is_told_and_the_first_one_goes_again(job: Job) -> None:
    job.marts.orders("o00", order_status="paid", create_date_time="2026-10-30 00:00:00")
    job.marts.contacts("c1", create_date_time="2020-01-01 00:00:00")
    plan = job.plan()
    assert (plan.changes["orders"].moved, plan.changes["contacts"].moved) == (1, 1)
    assert job.sent() == {"contacts": 1, "orders": 1}
    assert job.held_by_metrica("orders", "create_date_time")["o00"] == "2026-11-01 10:00:00"
    assert job.held_by_metrica("contacts", "create_date_time")["c1"] == "2026-01-02 03:04:05"
    # Metrica was sent the first date, so it had nothing to warn of.
    assert job.emulator.sql("select distinct warnings from uploads") == [("{}",)]
    assert job.sent() == {}


@pytest.mark.usefixtures("waits")
def test_gate_creation_date_that_perhaps_arrived_is_kept_too(job: Job) -> None:
    job.marts.orders("new1", order_status="new")
    job.emulator.fault("timeout_after", "POST /data/orders/csv", times=None)
    assert job.run().exit_code == 4
    job.emulator.clear_faults()
    job.marts.orders("new1", order_status="new", create_date_time="2026-10-01 00:00:00")
    assert job.run().exit_code == 0
    assert job.held_by_metrica("orders", "create_date_time")["new1"] == "2026-11-01 10:00:00"
    assert job.emulator.sql("select distinct warnings from uploads") == [("{}",)]


def test_gate_saved_plan_is_applied_exactly(job: Job, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    job.marts.orders("o00", order_status="paid")
    planned = job.plan(out=saved)
    done = job.run(saved_plan=saved)
    assert done.exit_code == 0
    assert done.entities["orders"].sent == planned.entities["orders"].sent == 1
    refused = job.run(saved_plan=saved)
    assert refused.exit_code == 6
    assert "orders sent: 1 then, 0 now" in (refused.error or "")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"o01": {"order_status": "paid"}}, "orders sent: 1 then, 2 now"),
        ({"o00": {"order_status": "spam"}}, "orders changes reached spam: 0 then, 1 now"),
        ({"o00": {"order_status": "paid", "revenue": "9.00"}}, "orders: other rows"),
    ],
)
def test_gate_saved_plan_is_refused_with_what_differs(
    job: Job, tmp_path: Path, change: dict[str, dict[str, Any]], told: str
) -> None:
    saved = tmp_path / "plan.json"
    job.marts.orders("o00", order_status="paid")
    job.plan(out=saved)
    before = posts(job)
    for key, cells in change.items():
        job.marts.orders(key, **cells)
    outcome = job.run(saved_plan=saved)
    assert outcome.exit_code == 6
    assert told in (outcome.error or "")
    assert posts(job) == before


def test_gate_plan_of_another_form_or_counter_is_not_applied(job: Job, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    job.plan(out=saved, form=Form(merge_modes=(("orders", "APPEND"),)))
    outcome = job.run(saved_plan=saved)
    assert "merge_modes orders: APPEND then, SAVE now" in (outcome.error or "")
    content = json.loads(saved.read_text("utf-8"))
    saved.write_text(json.dumps(content | {"version": 99}), "utf-8")
    assert job.run(saved_plan=saved).exit_code == 2
    assert job.run(saved_plan=tmp_path / "none.json").exit_code == 2


def test_gate_saved_plan_holds_nobodys_data(job: Job, tmp_path: Path) -> None:
    job.marts.contacts("c1", phones="79995550000", emails="new@example.com")
    job.plan(out=tmp_path / "plan.json")
    text = (tmp_path / "plan.json").read_text("utf-8")
    assert "79995550000" not in text
    assert "example.com" not in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"paid_percent": 101},
        {"unsendable_percent": 101},
        {"shrink_percent": -1},
        {"erased_values": -1},
        {"accepted": frozenset({"x"})},
    ],
)
def test_gate_limit_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="--"):
        Gate(**wrong)
    assert "paid" in GATE
