"""What a run promises, shown on both warehouses against the emulator."""

import threading

import pytest

from tests.support.emulator_fixture import RunningEmulator
from tests.support.job import Job

LATER = "2026-11-03 00:00:00+00"
EARLIER = "2026-10-01 00:00:00+00"


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    """Put rows that can be sent into the marts."""
    job.marts.put("order_statuses", {"id": "new", "type": "IN_PROGRESS", "humanized": "Новый"})
    job.marts.put("products", {"name": "p1", "humanized": "Яблоко"})
    job.marts.contacts("c1", "c2", "c3")
    job.marts.orders("1", "2", "3")


EVERYTHING = {"order_statuses": 1, "products": 1, "contacts": 3, "orders": 3}


def test_run_first_run_sends_everything_and_the_second_nothing(job: Job) -> None:
    assert job.sent() == EVERYTHING
    before = job.emulator.sql("select count(*) from requests where method = 'POST'")
    quiet = job.run()
    assert {c.sent for c in quiet.entities.values()} == {0}
    assert quiet.exit_code == 0
    assert job.emulator.sql("select count(*) from requests where method = 'POST'") == before
    assert job.sent(everything=True) == {}


def test_metrica_gets_the_very_cells_of_the_mart(job: Job) -> None:
    name = 'Ольга "Лё";,\u00a0ё'
    job.marts.contacts(
        "c4", name=name, emails="a@example.com,b@example.com", birth_date="1980-02-29"
    )
    job.marts.orders(
        "4",
        client_uniq_id="c4",
        create_date_time="2026-11-01 23:59:59",
        finish_date_time="2026-11-02 00:00:00",
        revenue="43089.54",
        cost="0.10",
        goals="buy:5.50,lead",
        products="p1:2,p2:1",
        items_count=3,
    )
    job.sent()
    got = job.emulator.sql(
        "select name, emails, birth_date, phones, custom from contacts where uniq_id = 'c4'"
    )
    assert got == [
        (
            name,
            '["a@example.com", "b@example.com"]',
            "1980-02-29",
            '["79995551111"]',
            '{"identifiers_count": 2.0}',
        )
    ]
    got = job.emulator.sql(
        "select create_date_time, finish_date_time, revenue, cost, currency, order_status "
        "from orders where id = '4'"
    )
    assert got == [("2026-11-01 23:59:59", "2026-11-02 00:00:00", 43089.54, 0.1, "RUB", "PAID")]


def test_only_what_changed_goes(job: Job) -> None:
    job.sent()
    job.marts.contacts("c2", name="Иная", updated_at=LATER)
    job.marts.orders("2", order_status="CANCELLED", updated_at=LATER)
    job.marts.orders("4", updated_at=LATER)
    assert job.sent() == {"contacts": 1, "orders": 2}
    assert job.held_by_metrica("orders", "order_status") == {
        "1": "PAID",
        "2": "CANCELLED",
        "3": "PAID",
        "4": "PAID",
    }


def test_run_row_that_was_touched_but_is_equal_does_not_go_again(job: Job) -> None:
    job.sent()
    job.marts.sql(f"update metrica.orders set updated_at = '{LATER}'")
    assert job.sent() == {}


@pytest.mark.parametrize(
    "updated_at", [LATER, EARLIER, "2026-11-02 00:00:00+00", None, "2999-01-01 00:00:00+00"]
)
def test_no_timestamp_hides_a_change(job: Job, updated_at: str | None) -> None:
    job.sent()
    job.marts.orders("1", revenue="7.00", updated_at=updated_at)
    job.marts.orders("4", updated_at=updated_at)
    assert job.sent() == {"orders": 2}
    assert job.sent() == {}


def test_changed_hashes_under_old_timestamps_are_found(job: Job) -> None:
    job.sent()
    job.marts.sql("update metrica.orders set row_hash = md5(row_hash)")
    assert job.sent() == {"orders": 3}


def test_rows_that_leave_the_mart_leave_the_counts(job: Job) -> None:
    job.sent()
    job.marts.sql("delete from metrica.orders where id = '2'")
    outcome = job.run()
    assert (outcome.entities["orders"].rows, outcome.entities["orders"].unchanged) == (2, 2)


def test_bad_rows_get_a_reason_and_stop_nobody(job: Job) -> None:
    job.marts.contacts("c4", phones="8 (999) 1")
    job.marts.orders("4", order_status=None)
    job.marts.orders("5", client_uniq_id="c4")
    job.marts.orders("6", client_uniq_id="nobody")
    job.marts.orders("7", order_status="what?")
    job.marts.orders("8", order_status="mystery")
    outcome = job.run()
    assert outcome.exit_code == 0
    orders = outcome.entities["orders"]
    assert (orders.sent, orders.rejected, orders.held) == (3, 2, 3)
    assert job.states("contacts")["c4"] == ("rejected", "phones_malformed")
    assert job.states("orders") == {
        "1": ("sent", None),
        "2": ("sent", None),
        "3": ("sent", None),
        "4": ("rejected", "value_missing"),
        "5": ("held", "contact_unsendable"),
        "6": ("held", "contact_unknown"),
        "7": ("rejected", "name_malformed"),
        "8": ("held", "status_unknown"),
    }
    again = job.run()
    assert (again.entities["orders"].rejected, again.entities["orders"].held) == (2, 3)
    assert again.entities["orders"].sent == 0


def test_run_repaired_contact_takes_its_held_orders_along(job: Job) -> None:
    job.marts.contacts("c4", phones="8 (999) 1")
    job.marts.orders("4", client_uniq_id="c4")
    job.sent()
    job.marts.contacts("c4", updated_at=LATER)
    assert job.sent() == {"contacts": 1, "orders": 1}
    assert job.run().exit_code == 0


def test_run_mapped_status_takes_its_held_orders_along(job: Job) -> None:
    job.marts.orders("4", order_status="mystery")
    job.sent()
    job.marts.put("order_statuses", {"id": "mystery", "type": "OTHER"})
    assert job.sent() == {"order_statuses": 1, "orders": 1}
    assert {row[0] for row in job.emulator.sql("select id from order_statuses")} >= {
        "new",
        "mystery",
    }


def test_duplicated_and_missing_ids_are_listed_and_the_sum_holds(job: Job) -> None:
    job.marts.sql("insert into metrica.orders select * from metrica.orders where id = '1'")
    job.marts.sql("insert into metrica.orders select * from metrica.orders where id = '2'")
    job.marts.sql("update metrica.orders set id = null where id = '2'")
    outcome = job.run()
    orders = outcome.entities["orders"]
    assert (orders.rows, orders.sent, orders.rejected, orders.held) == (5, 1, 2, 2)
    assert job.held_by_metrica("orders", "id") == {"3": "3"}
    again = job.run().entities["orders"]
    assert (again.unchanged, again.rejected, again.held) == (1, 2, 2)


def test_run_duplicate_that_appears_later_is_held_and_goes_when_it_is_alone(job: Job) -> None:
    job.sent()
    job.marts.sql("insert into metrica.orders select * from metrica.orders where id = '1'")
    orders = job.run().entities["orders"]
    assert (orders.unchanged, orders.held) == (2, 2)
    job.marts.sql("delete from metrica.orders where id = '1'")
    job.marts.orders("1")
    orders = job.run().entities["orders"]
    assert (orders.unchanged, orders.held, orders.sent) == (3, 0, 0)


def test_chunks_are_cut_by_rows_and_by_bytes(job: Job) -> None:
    job.marts.orders(*(f"n{i}" for i in range(97)))
    job.sent(chunk_rows=40)
    files = [rows for entity, rows, _ in job.uploads() if entity == "orders"]
    assert files == [40, 40, 20]
    job.marts.contacts(*(f"n{i}" for i in range(97)))
    job.sent(chunk_bytes=2_000)
    sizes = job.emulator.sql("select bytes from uploads where entity = 'contacts'")
    assert len(sizes) > 5
    assert max(size for (size,) in sizes) <= 2_000


def test_run_refused_file_is_split_until_the_guilty_row_stands_alone(job: Job) -> None:
    # Metrica knows more than we do: it refuses a quantity that looks right.
    job.marts.orders(*(f"n{i}" for i in range(30)))
    job.marts.orders("bad", products="p1:9999999999")
    outcome = job.run()
    orders = outcome.entities["orders"]
    assert (orders.sent, orders.rejected, outcome.exit_code) == (33, 1, 0)
    assert job.states("orders")["bad"] == ("rejected", "refused_by_metrica")
    uploads = len(job.uploads())
    assert job.run().entities["orders"].rejected == 1
    assert len(job.uploads()) == uploads
    job.marts.orders("bad", currency="EUR", updated_at=LATER)
    assert job.sent() == {"orders": 1}


def test_when_the_budget_ends_the_rest_is_held_and_goes_later(job: Job) -> None:
    job.marts.orders(*(f"n{i}" for i in range(60)))
    job.marts.orders("bad", products="p1:9999999999")
    first = job.run(split_requests=2)
    orders = first.entities["orders"]
    assert orders.held > 1
    assert orders.sent + orders.held == 64
    assert {reason for state, reason in job.states("orders").values() if state == "held"} == {
        "refused_with_others"
    }
    second = job.run().entities["orders"]
    assert (second.held, second.rejected) == (0, 1)
    assert len(job.held_by_metrica("orders", "id")) == 63


def test_run_failed_answer_is_no_success(job: Job) -> None:
    job.emulator.fault("failed", "POST /data/contacts/csv", times=100)
    outcome = job.run(split_requests=0)
    job.emulator.clear_faults()
    assert outcome.exit_code == 0
    assert (outcome.entities["contacts"].sent, outcome.entities["contacts"].held) == (0, 3)
    assert outcome.entities["orders"].held == 3
    assert job.sent() == {"contacts": 3, "orders": 3}


def test_run_forbidden_answer_ends_the_run_and_loses_nothing(job: Job) -> None:
    job.emulator.fault("status:403", "POST /data/orders/csv")
    outcome = job.run()
    assert outcome.exit_code == 4
    assert "METRICA_TOKEN" in (outcome.error or "")
    assert outcome.entities["orders"].pending == 3
    assert {state for state, _ in job.states("orders").values()} == {"pending"}
    assert job.sent() == {"orders": 3}


def test_run_answer_without_a_verdict_is_held_and_sent_again(job: Job) -> None:
    job.emulator.fault("non_json", "POST /data/orders/csv")
    outcome = job.run()
    assert outcome.exit_code == 0
    assert job.states("orders")["1"] == ("held", "outcome_unknown")
    assert job.sent() == {"orders": 3}


def test_run_stops_before_marts_in_another_time_zone(job: Job) -> None:
    job.marts.record_build("orders", "Asia/Omsk")
    outcome = job.run()
    assert outcome.exit_code == 2
    assert "Europe/Moscow" in (outcome.error or "")
    assert "Asia/Omsk" in (outcome.error or "")
    assert job.uploads() == []


def test_run_sends_marts_in_the_counters_zone_under_its_other_name(job: Job) -> None:
    for mart in ("contacts", "orders"):
        job.marts.record_build(mart, "W-SU")
    assert job.run().error is None
    assert job.uploads() != []


@pytest.mark.parametrize("job", ["duckdb"], indirect=True)
def test_run_attribute_of_another_type_stops_the_run_before_the_upload(job: Job) -> None:
    other = {"name": "identifiers_count", "type_name": "text", "multivalued": False}
    path = "/schema/attributes?entity_type=CONTACT"
    assert job.emulator.call("POST", path, json={"attributes": [other]}).ok
    outcome = job.run()
    assert outcome.exit_code == 4
    assert "identifiers_count" in (outcome.error or "")
    assert "contacts" not in {entity for entity, *_ in job.uploads()}


def test_run_plan_foretells_the_run_and_changes_nothing(job: Job) -> None:
    job.marts.contacts("c4", phones="8 (999) 1")
    job.marts.orders("4", client_uniq_id="c4")
    job.marts.orders("5", client_uniq_id="nobody")
    planned = job.plan()
    assert job.emulator.sql("select count(*) from requests")[0][0] == 0
    assert job.marts.sql(
        "select count(*) from information_schema.schemata where schema_name = 'metrica_export'"
    ) == [(0,)]
    assert planned.entities == job.run().entities


def test_only_the_named_marts_are_touched(job: Job) -> None:
    assert job.sent(only=("orders",)) == {}
    assert {reason for _, reason in job.states("orders").values()} == {"contact_unknown"}
    assert job.sent(only=("contacts",)) == {"contacts": 3}
    assert job.sent(only=("orders",)) == {"orders": 3}


def test_two_counters_have_a_ledger_each(job: Job) -> None:
    job.sent()
    with RunningEmulator(counter=77) as other:
        assert Job(job.marts, other).sent() == EVERYTHING
    assert job.sent() == {}


def test_run_does_not_count_emulator_deliveries_as_metricas(job: Job) -> None:
    job.sent()
    job.marts.sql("update metrica_export.ledger_uploads set local_api = false")
    outcome = job.run()
    assert outcome.exit_code == 5
    assert "another counter number" in (outcome.error or "")


def test_run_ledger_says_which_upload_a_row_went_in(job: Job) -> None:
    job.sent()
    ((uploading_id, status),) = job.marts.sql(
        "select u.uploading_id, u.status from metrica_export.mart_rows r "
        "join metrica_export.uploads u on u.upload_no = r.upload_no "
        "where r.entity = 'orders' and r.id = '1'"
    )
    assert status == "PASSED"
    assert job.emulator.sql("select uploading_id from uploads where entity = 'orders'") == [
        (uploading_id,)
    ]
    runs = job.marts.sql("select entity, sent, exit_code from metrica_export.runs order by 1")
    assert runs == [
        ("contacts", 3, 0),
        ("order_statuses", 1, 0),
        ("orders", 3, 0),
        ("products", 1, 0),
    ]


def test_run_rebuilt_mart_keeps_the_views(job: Job) -> None:
    job.sent()
    # As dbt's full refresh swaps a table.
    job.marts.sql("create table metrica.orders_new as select * from metrica.orders")
    job.marts.sql("drop table metrica.orders")
    job.marts.sql("alter table metrica.orders_new rename to orders")
    assert {state for state, _ in job.states("orders").values()} == {"sent"}
    assert job.sent() == {}


def test_run_second_run_at_the_same_time_is_turned_away(job: Job) -> None:
    job.emulator.fault("slow:3", "POST /data/contacts/csv")
    outcomes = []
    first = threading.Thread(target=lambda: outcomes.append(job.run()))
    first.start()
    while not job.emulator.sql("select 1 from requests where path like '%management%'"):
        pass
    second = job.run() if job.marts.database else None
    first.join()
    assert outcomes[0].exit_code == 0
    if second is not None:
        assert second.exit_code == 5
        assert "Another run" in (second.error or "")


def test_no_personal_data_and_no_token_is_in_the_ledger(job: Job) -> None:
    job.marts.contacts("c4", phones="8 (999) 1")
    job.run()
    tables = job.marts.sql(
        "select table_name from information_schema.tables "
        "where table_schema = 'metrica_export' and table_type = 'BASE TABLE'"
    )
    assert len(tables) == 13
    for (table,) in tables:
        text = str(job.marts.sql(f"select * from metrica_export.{table}"))
        for secret in (job.emulator.token, "anna@example.com", "79995551111", "8 (999)", "Анна"):
            assert secret not in text
