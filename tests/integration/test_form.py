"""In which form rows go: merge modes, JSON, simple orders, windows and times."""

import json
from typing import Any

import pytest
from metrica_export.commands import status
from metrica_export.errors import SettingsError
from metrica_export.metrica.client import Metrica
from metrica_export.metrica.formats import MAX_CATALOGUE
from metrica_export.settings import Form

from tests.support.job import Job

SIMPLE = ("simple_orders",)
IN_SIMPLE_MODE = Form(mode="simple")


def day(job: Job, days: float) -> str:
    """Return the counter's time so many days from now, as the warehouse has it."""
    ((moment,),) = job.marts.sql(
        "select cast((now() at time zone 'Europe/Moscow') + "
        f"interval '{int(days * 86400)} seconds' as timestamp(0))"
    )
    return str(moment)


# Merge modes.


def modes(**by_mart: str) -> Form:
    return Form(merge_modes=tuple(by_mart.items()))


@pytest.mark.parametrize("merge_mode", ["UPDATE", "APPEND"])
def test_form_file_that_keeps_values_leaves_empty_columns_out(job: Job, merge_mode: str) -> None:
    job.emulator.switches(empty_cell="null")
    job.marts.contacts("c1", "c2", name="Анна", birth_date="1990-01-01")
    job.run()
    job.marts.contacts("c1", name=None, birth_date="1990-01-01", phones="79990000001")
    job.marts.contacts("c2", name="Ольга", birth_date=None, phones="79990000002")
    assert job.sent(form=modes(contacts=merge_mode)) == {"contacts": 2}
    assert job.held_by_metrica("contacts", "name") == {"c1": "Анна", "c2": "Ольга"}
    dates = job.held_by_metrica("contacts", "birth_date")
    assert dates == {"c1": "1990-01-01", "c2": "1990-01-01"}
    phones = json.loads(job.held_by_metrica("contacts", "phones")["c1"])
    first = ["79995551111"] if merge_mode == "APPEND" else []
    assert sorted(phones) == ["79990000001", *first]


def test_form_file_that_keeps_values_has_no_row_with_other_columns(job: Job) -> None:
    job.marts.contacts("c1", "c3", birth_date="1990-01-01")
    job.marts.contacts("c2", name="Ольга")
    job.marts.contacts("c4", birth_date="1990-01-01")
    assert job.sent(form=modes(contacts="UPDATE")) == {"contacts": 4}
    assert sorted(rows for _, rows, _ in job.uploads()) == [1, 3]


def test_form_save_erases_values_that_become_empty(job: Job) -> None:
    job.marts.contacts("c1", name="Анна")
    job.run()
    job.marts.contacts("c1", name=None)
    job.run()
    assert job.held_by_metrica("contacts", "name") == {"c1": None}


def test_each_mart_has_its_own_merge_mode(job: Job) -> None:
    job.marts.contacts("c1")
    job.marts.orders("1")
    job.run(form=modes(contacts="APPEND"))
    found = dict(job.emulator.sql("select entity, merge_mode from uploads"))
    assert found == {"contacts": "APPEND", "orders": "SAVE"}


@pytest.mark.parametrize("pair", [("products", "SAVE"), ("contacts", "save"), ("", "UPDATE")])
def test_form_merge_mode_that_is_none_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(SettingsError, match="--merge-mode"):
        Form(merge_modes=(pair,))


# JSON.


def without_attributes(job: Job) -> None:
    """Take the custom attributes out of the marts, since no page says how JSON has them."""
    path = job.marts.folder / "target" / "manifest.json"
    manifest = json.loads(path.read_text())
    for node in manifest["nodes"].values():
        node["columns"].pop("items_count", None)
        node["columns"].pop("identifiers_count", None)
    path.write_text(json.dumps(manifest))


CLIENT_ID = "16789012345678901234"
"""Of more digits than a number of JavaScript holds."""


def test_form_small_delta_goes_as_json_and_says_the_same(job: Job) -> None:
    without_attributes(job)
    job.marts.contacts("c1", client_ids=f"12345,{CLIENT_ID}", name='Ольга "Лё"\\', birth_date=None)
    cells: dict[str, Any] = {"goals": "oplata:200.5,filial", "products": "a:1,b-2:30"}
    job.marts.orders("1", "2", **cells, revenue="0.10", cost=None)
    columns = {"contacts": "name, client_ids, emails, phones, birth_date, create_date_time"}
    columns["orders"] = "order_status, revenue, cost, goals, products, currency, create_date_time"
    told = {}
    for rows in (0, 2):
        job.run(form=Form(json_rows=rows))
        told[rows] = {
            mart: job.emulator.sql(f"select {names} from {mart}") for mart, names in columns.items()
        }
        formats = {form for (form,) in job.emulator.sql("select uploading_format from uploads")}
        assert formats == ({"JSON"} if rows else {"CSV"})
        job.emulator.reset()
        job.emulator.quotas(requests_per_second=1000)
        job.marts.sql("delete from metrica_export.ledger_deliveries")
        job.marts.sql("delete from metrica_export.ledger_watermarks")
    assert told[0] == told[2]
    assert json.loads(told[2]["contacts"][0][1]) == ["12345", CLIENT_ID]


def test_form_larger_delta_and_custom_attributes_stay_csv(job: Job) -> None:
    job.marts.contacts("c1")
    job.run(form=Form(json_rows=5))
    without_attributes(job)
    job.marts.contacts("c2", "c3")
    job.run(form=Form(json_rows=1))
    assert {form for (form,) in job.emulator.sql("select uploading_format from uploads")} == {"CSV"}


# Simple orders.


def test_simple_orders_go_without_contacts(job: Job) -> None:
    job.marts.simple_orders("s1", "s2")
    job.marts.contacts("c1")
    assert job.sent(SIMPLE, form=IN_SIMPLE_MODE) == {"simple_orders": 2}
    assert job.emulator.sql("select entity, elements_count from uploads") == [("simple_orders", 2)]
    assert job.sent(SIMPLE, form=IN_SIMPLE_MODE) == {}
    assert job.states("simple_orders") == {"s1": ("sent", None), "s2": ("sent", None)}
    assert job.states("contacts") == {}


def test_form_documented_sample_reads_as_the_page_says(job: Job) -> None:
    job.marts.simple_orders(
        "s_ord1",
        create_date_time="2024-01-10 11:56:00",
        client_uniq_id="s_user1",
        emails="mail2@example.com,mail@example.com",
        order_status="PAID",
        revenue="200",
        cost="150",
        goals="oplata_cash:200,filial_1",
        currency=None,
    )
    job.marts.simple_orders(
        "s_ord2",
        create_date_time="2024-01-20 11:59:00",
        client_ids="12345",
        emails="mail3@example.com",
        order_status="PAID",
        revenue="200",
        cost="150",
        currency="EUR",
    )
    job.marts.simple_orders(
        "s_ord3",
        create_date_time="2024-02-12 23:59:00",
        client_ids="34456",
        emails=None,
        phones="79876543210",
        order_status="SPAM",
        revenue=None,
        cost=None,
        goals="plohoy_lead",
        currency=None,
    )
    assert job.sent(SIMPLE, form=IN_SIMPLE_MODE) == {"simple_orders": 3}
    reached = {
        (order, goal): (revenue, currency)
        for order, goal, revenue, currency in job.emulator.sql(
            "select order_id, goal, revenue, currency from goals_reached"
        )
    }
    assert reached["s_ord1", "oplata_cash"] == (200, "RUB")
    assert reached["s_ord1", "filial_1"] == (50, "RUB")
    paid = [v for (order, goal), v in reached.items() if order == "s_ord2"]
    assert paid == [(50, "EUR")] * 2
    assert reached["s_ord3", "plohoy_lead"][0] in (None, 0)


def test_form_simple_order_needs_somebody_to_be_recognised_by(job: Job) -> None:
    job.marts.simple_orders("s1", emails=None, client_uniq_id="c1")
    job.marts.simple_orders("s2", emails="")
    job.marts.simple_orders("s3", emails=None, phones_md5="f09f2c3d48f31e2a802944ade2e5aec5")
    assert job.run(SIMPLE, form=IN_SIMPLE_MODE).exit_code == 0
    states = job.states("simple_orders")
    assert states["s1"] == states["s2"] == ("rejected", "identifier_missing")
    assert states["s3"] == ("sent", None)


@pytest.mark.parametrize("key", [None, ""])
def test_form_simple_order_without_an_id_is_not_sent(job: Job, key: str | None) -> None:
    job.marts.simple_orders("s1")
    job.marts.sql(f"update metrica.simple_orders set id = {'null' if key is None else repr(key)}")
    assert job.run(SIMPLE, form=IN_SIMPLE_MODE).entities["simple_orders"].rejected == 1
    assert job.uploads() == []


@pytest.mark.parametrize("status", [None, ""])
def test_form_empty_status_never_becomes_paid(job: Job, status: str | None) -> None:
    job.marts.simple_orders("s1", order_status=status)
    job.run(SIMPLE, form=IN_SIMPLE_MODE)
    assert job.states("simple_orders") == {"s1": ("rejected", "value_missing")}
    assert job.uploads() == []


def test_form_simple_order_may_have_a_status_of_metricas_or_a_goal(job: Job) -> None:
    job.marts.put("order_statuses", {"id": "shipped", "type": "PAID"})
    job.emulator.goals("good_lead")
    job.marts.simple_orders("s1", order_status="good_lead")
    # A mapped status is none here: the simplified method has no mapping.
    job.marts.simple_orders("s2", order_status="shipped")
    job.run(SIMPLE, form=IN_SIMPLE_MODE)
    states = job.states("simple_orders")
    assert states == {"s1": ("sent", None), "s2": ("held", "status_unknown")}


@pytest.mark.parametrize("first", ["simple", "detailed"])
def test_form_counter_keeps_to_one_way(job: Job, first: str) -> None:
    job.marts.simple_orders("1")
    job.marts.contacts("c1")
    job.marts.orders("1")
    ways: dict[str, Any] = {
        "simple": {"only": SIMPLE, "form": IN_SIMPLE_MODE},
        "detailed": {},
    }
    assert job.run(**ways.pop(first)).exit_code == 0
    ((_, other),) = ways.items()
    before = job.uploads()
    for outcome in (job.run(**other),):
        assert outcome.exit_code == 5
        assert "Use one mode" in (outcome.error or "")
    assert job.uploads() == before


# DuckDB alone: only the requests count here.
@pytest.mark.parametrize("job", ["duckdb"], indirect=True)
def test_more_products_than_a_request_holds_go_in_several(job: Job) -> None:
    rows = MAX_CATALOGUE + 1
    job.marts.sql(
        "insert into metrica.products (name, humanized, row_hash) "
        f"select 'p' || i, 'Товар', md5('p' || i) from range({rows}) r (i)"
    )
    counts = job.run(("products",)).entities["products"]
    assert (counts.sent, counts.uploads) == (rows, 2)
    assert job.emulator.sql("select count(*) from products") == [(rows,)]


# Statuses that are goals.


def test_form_javascript_goal_is_a_status_without_mapping(job: Job) -> None:
    job.marts.contacts("c1")
    job.marts.orders("1", order_status="good_lead")
    assert job.run().exit_code == 0
    assert job.states("orders") == {"1": ("held", "status_unknown")}
    job.emulator.goals("good_lead")
    assert job.sent() == {"orders": 1}
    assert "good_lead" in job.goals_of("1")
    # A plan asks Metrica nothing, and goes by what the last run found.
    job.marts.orders("2", order_status="good_lead")
    assert job.plan().entities["orders"].sent == 1


def test_form_goal_that_has_left_the_counter_is_no_status(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.emulator.goals("good_lead", "call")
    job.marts.contacts("c1")
    job.marts.orders("1", order_status="good_lead")
    assert job.sent() == {"contacts": 1, "orders": 1}
    monkeypatch.setattr(Metrica, "goals", lambda _: frozenset({"call"}))
    job.marts.orders("2", order_status="good_lead")
    job.marts.orders("3", order_status="call")
    assert job.sent() == {"orders": 1}
    assert job.states("orders")["2"] == ("held", "status_unknown")


def test_goals_that_cannot_be_read_hold_the_orders_that_need_them_and_no_others(job: Job) -> None:
    job.emulator.goals("good_lead")
    job.emulator.fault("status:403", "/goals", times=None)
    job.marts.contacts("c1")
    job.marts.orders("1", order_status="good_lead")
    job.marts.orders("2")
    assert job.run().exit_code == 0
    states = {"1": ("held", "status_unknown"), "2": ("sent", None)}
    assert job.states("orders") == states
    job.emulator.clear_faults()
    assert job.sent() == {"orders": 1}


def test_form_status_is_known_only_as_the_mart_maps_it_now(job: Job) -> None:
    job.marts.put("order_statuses", {"id": "old", "type": "PAID"}, {"id": "typo", "type": "PAID"})
    job.marts.contacts("c1")
    job.run()
    job.marts.sql("delete from metrica.order_statuses where id = 'old'")
    job.marts.put("order_statuses", {"id": "typo", "type": "PAYED"})
    job.marts.orders("1", order_status="old")
    job.marts.orders("2", order_status="typo")
    job.run()
    assert set(job.states("orders").values()) == {("held", "status_unknown")}


def test_form_mapping_that_metrica_had_once_is_not_the_one_it_has(job: Job) -> None:
    for type_ in ("PAID", "SPAM"):
        job.marts.put("order_statuses", {"id": "done", "type": type_})
        job.run()
    job.marts.put("order_statuses", {"id": "done", "type": "PAID"})
    job.marts.contacts("c1")
    job.marts.orders("1", order_status="done")
    job.run(("contacts", "orders"))
    assert job.states("orders") == {"1": ("held", "status_unknown")}
    assert job.sent() == {"order_statuses": 1, "orders": 1}


def test_form_list_goes_as_it_was_judged(job: Job) -> None:
    job.marts.put("order_statuses", {"id": "a", "type": "PAID", "goal_action_ids": None})
    job.run()
    body = {"id": "a", "type": "PAID", "goal_action_ids": "[]"}
    found = job.emulator.sql("select id, type, goal_action_ids from order_statuses")
    assert found == [tuple(body.values())]


def test_form_list_leaves_out_rejected_rows(job: Job) -> None:
    bad = {"name": "bad", "humanized": "x" * 4097}
    job.marts.put("products", {"name": "p1", "humanized": "A"}, bad)
    nameless = "insert into metrica.products (humanized, row_hash) values ('C', md5('C'))"
    job.marts.sql(nameless)
    assert job.sent() == {"products": 1}
    assert job.held_by_metrica("products", "humanized") == {"p1": "A"}
    # The bad row is not staged again, but its verdict stands.
    job.marts.put("products", {"name": "p1", "humanized": "B"})
    assert job.sent() == {"products": 1}
    assert job.held_by_metrica("products", "humanized") == {"p1": "B"}


# Windows and times.


def test_orders_past_the_window_are_told_and_sent_or_held(
    job: Job, capfd: pytest.CaptureFixture[str]
) -> None:
    job.marts.contacts("c1")
    job.marts.orders("in", create_date_time=day(job, -20.5))
    job.marts.orders("out", create_date_time=day(job, -21.5))
    plan = job.plan()
    assert (plan.changes["orders"].late, plan.changes["orders"].expiring) == (1, 1)
    line = "1 order to send past Metrica's window of 21 days (111"
    capfd.readouterr()
    assert job.run(form=Form(hold_late=True)).exit_code == 0
    assert line not in capfd.readouterr().err
    assert job.states("orders") == {"in": ("sent", None), "out": ("held", "window_past")}
    assert job.sent() == {"orders": 1}
    assert line in capfd.readouterr().err


def test_status_counts_the_unsent_orders_by_their_deadline(job: Job) -> None:
    job.marts.contacts("c1")
    job.marts.orders("in", "sent", create_date_time=day(job, -20.5))
    job.marts.orders("out", create_date_time=day(job, -21.5))

    def windows() -> tuple[int, int]:
        states, _ = status.status(job.dbt, job.emulator.counter)
        return states["orders"]["late"], states["orders"]["expiring"]

    assert windows() == (1, 2)
    job.run()
    assert windows() == (0, 0)
    # Known to Metrica, it has 111 days; the new one has 21.
    job.marts.orders("sent", create_date_time=day(job, -20.5), revenue="7.00")
    job.marts.orders("late", create_date_time=day(job, -30))
    assert windows() == (1, 0)


def test_form_order_that_was_sent_may_be_updated_for_111_days(job: Job) -> None:
    job.marts.contacts("c1")
    made = {"in": day(job, -110.5), "out": day(job, -111.5)}
    for key, moment in made.items():
        job.marts.orders(key, create_date_time=moment)
    job.run()
    for key, moment in made.items():
        job.marts.orders(key, create_date_time=moment, revenue="7.00")
    changes = job.plan().changes["orders"]
    assert (changes.late, changes.expiring) == (1, 1)
    assert job.run(form=Form(hold_late=True)).entities["orders"].sent == 1
    assert job.states("orders") == {"in": ("sent", None), "out": ("held", "window_past")}


def test_form_orders_are_sent_by_deadline(job: Job) -> None:
    job.marts.contacts("c1")
    for key, days in {"late": -30, "fresh": -1, "urgent": -20.9, "soon": -15}.items():
        job.marts.orders(key, create_date_time=day(job, days))
    job.run(chunk_rows=1)
    order = job.emulator.sql("select id from applied where entity = 'orders' order by seq")
    assert [key for (key,) in order] == ["urgent", "soon", "fresh", "late"]


def test_form_files_are_sent_by_the_earliest_deadline_of_their_rows(job: Job) -> None:
    job.marts.contacts("c1")
    for key, days in {"urgent": -20.9, "soon": -15, "fresh": -1}.items():
        cost = "1.00" if key == "soon" else None
        job.marts.orders(key, create_date_time=day(job, days), cost=cost)
    # Rows without a cost go in a file of their own.
    job.run(form=modes(orders="UPDATE"))
    order = job.emulator.sql("select id from applied where entity = 'orders' order by seq")
    assert [key for (key,) in order] == ["urgent", "fresh", "soon"]


def test_form_creation_date_to_come_is_held_until_it_is_past(job: Job) -> None:
    job.marts.contacts("c1", create_date_time=day(job, 1 / 24))
    job.marts.contacts("c2", create_date_time=day(job, -1 / 24))
    job.run()
    states = {"c1": ("held", "date_in_future"), "c2": ("sent", None)}
    assert job.states("contacts") == states
    job.marts.contacts("c1", create_date_time=day(job, -1))
    assert job.sent() == {"contacts": 1}
