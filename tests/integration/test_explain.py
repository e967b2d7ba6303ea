"""`explain`: one row in the mart, in the ledger and in the next run."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from metrica_export.cli.main import cli
from metrica_export.commands import reset
from metrica_export.ledger.lock import run_lock
from metrica_export.settings import Form
from metrica_export.warehouse.dbt_profile import read_ledger, read_warehouse

from tests.support.job import Job
from tests.support.marts_fixture import CONTACT

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs/reference/explain.schema.json").read_text("utf-8")
)
PERSONAL = ("Анна", "anna@", "79995551111", "100.50")


@pytest.fixture(autouse=True)
def filled(job: Job) -> None:
    job.marts.put(
        "order_statuses",
        {"id": "new", "type": "IN_PROGRESS"},
        {"id": "paid", "type": "PAID"},
        {"id": "returned", "type": "CANCELLED"},
    )
    job.marts.put("products", {"name": "p1", "humanized": "Чайник"})
    job.marts.contacts("c1", "c2")
    job.marts.orders("704", order_status="paid", status_path="new,paid")


def call(job: Job, *arguments: str) -> Result:
    flags = [*job.marts.flags, "--counter-id", str(job.emulator.counter)]
    return CliRunner().invoke(cli, ["explain", *flags, *arguments])


def explained(job: Job, *arguments: str, exit_code: int = 0) -> dict[str, Any]:
    """Return the JSON of `explain`, which fits the schema, and compare its text with it."""
    shown, text = call(job, "--json", *arguments), call(job, *arguments)
    assert (shown.exit_code, text.exit_code) == (exit_code, exit_code), shown.exception
    assert shown.stderr == text.stderr == ""
    found: dict[str, Any] = json.loads(shown.stdout)
    problems = [e.message for e in Draft202012Validator(SCHEMA).iter_errors(found)]
    assert problems == []
    for row in found["rows"]:
        assert str(row["row_hash"]) in text.stdout
        assert (row["next_run"]["reason"] or "") in text.stdout
    return found


def next_run(job: Job, *arguments: str) -> dict[str, Any]:
    (row,) = explained(job, *arguments)["rows"]
    found: dict[str, Any] = row["next_run"]
    return found


def columns(found: dict[str, Any]) -> dict[str, str]:
    return {each["column"]: each["change"] for each in found["change"]["columns"]}


def test_explain_shows_a_row_before_the_first_run(job: Job) -> None:
    found = explained(job, "orders", "704")
    assert found["uploads"] == found["verdicts"] == []
    assert found["last_run"] is None
    (row,) = found["rows"]
    assert row["updated_at"] == "2026-11-02T00:00:00Z"
    assert row["next_run"]["state"] == "sent"
    change = row["next_run"]["change"]
    assert (change["delivered"], change["statuses"]) == ("no", ["new", "paid"])
    assert set(columns(row["next_run"]).values()) == {"filled"}


def test_explain_shows_the_uploads_of_a_delivered_order(job: Job) -> None:
    assert job.run().error is None
    found = explained(job, "orders", "704")
    steps = [(u["step"], u["order_status"], u["status"]) for u in found["uploads"]]
    assert steps == [(1, "new", "PASSED"), (2, "paid", "PASSED")]
    listed = job.emulator.sql("select uploading_id from uploads where entity = 'orders'")
    assert {u["uploading_id"] for u in found["uploads"]} == {i for (i,) in listed}
    (row,) = found["rows"]
    assert row["row_hash"] == found["uploads"][-1]["row_hash"]
    assert (row["next_run"]["state"], found["last_run"]["exit_code"]) == ("unchanged", 0)


def test_explain_shows_a_repeated_status_once(job: Job) -> None:
    assert job.run().error is None
    job.marts.orders("704", order_status="paid", status_path="new,paid", revenue="7")
    text = call(job, "orders", "704").stdout
    assert "sends the changed row, statuses paid\n" in text


def test_explain_names_the_columns_that_change(job: Job) -> None:
    job.marts.contacts("c1", birth_date=None, client_ids="1")
    job.run()
    cells = {"client_ids": None, "birth_date": "1990-01-01", "emails": "b@example.com"}
    job.marts.contacts("c1", create_date_time="2026-01-01 00:00:00", **cells)
    found = next_run(job, "contacts", "c1")
    assert found["change"]["delivered"] == "yes"
    assert columns(found) == {
        "uniq_id": "may_differ",
        "name": "may_differ",
        "create_date_time": "kept",
        "birth_date": "filled",
        "client_ids": "emptied",
        "emails": "may_differ",
        "phones": "may_differ",
        "identifiers_count": "may_differ",
    }
    kept = columns(next_run(job, "contacts", "c1", "--merge-mode", "contacts=UPDATE"))
    assert "client_ids" not in kept


def test_explain_prints_values_only_on_demand(job: Job) -> None:
    for mart, key in (("contacts", "c1"), ("orders", "704")):
        shown, as_json = call(job, mart, key), call(job, mart, key, "--json")
        assert not [text for text in PERSONAL if text in shown.output + as_json.output]
        assert "value" not in as_json.stdout
    for form in ([], ["--json"]):
        shown = call(job, "contacts", "c1", "--show-values", *form)
        assert all(text in shown.stdout for text in PERSONAL[:3])
        assert shown.stderr == ""


def test_explain_gives_the_reason_and_the_cure_of_a_row_that_waits(job: Job) -> None:
    job.marts.contacts("bad", phones="8 (999) 1")
    job.marts.orders("1", client_uniq_id="bad")
    job.marts.orders("2", client_uniq_id="nobody")
    job.marts.orders("3", order_status="mystery")
    expected = {
        ("contacts", "bad"): ("rejected", "phones_malformed", "phones"),
        ("orders", "1"): ("held", "contact_unsendable", "client_uniq_id"),
        ("orders", "2"): ("held", "contact_unknown", "client_uniq_id"),
        ("orders", "3"): ("held", "status_unknown", "order_status"),
    }
    for _ in range(2):
        for (mart, key), verdict in expected.items():
            found = next_run(job, mart, key)
            assert (found["state"], found["reason"], found["column"]) == verdict
            assert found["cure"] in call(job, mart, key).stdout
        job.run()
    assert explained(job, "contacts", "bad")["verdicts"] == [
        {
            "state": "rejected",
            "column": "phones",
            "reason": "phones_malformed",
            "detail": None,
            "run_no": 1,
        }
    ]


def test_explain_says_which_steps_a_run_leaves(job: Job) -> None:
    found = next_run(job, "orders", "704", "--max-steps", "1")
    assert (found["state"], found["reason"]) == ("pending", "steps_left")
    assert (found["change"]["statuses"], found["change"]["steps_left"]) == (["new"], 1)
    job.run(max_steps=1)
    found = next_run(job, "orders", "704")
    assert (found["change"]["last_status"], found["change"]["statuses"]) == ("new", ["paid"])


def test_explain_shows_both_deadlines(job: Job) -> None:
    job.marts.orders("704", create_date_time="2026-11-01 10:00:00")
    before = explained(job, "orders", "704")["deadlines"]
    job.run()
    job.marts.orders("704", create_date_time="2020-01-01 10:00:00")
    after = explained(job, "orders", "704")["deadlines"]
    assert before | {"applies": "update"} == after
    assert after["create_date_time"] == "2026-11-01 10:00:00"
    assert (after["link_deadline"], after["update_deadline"]) == (
        "2026-11-22T07:00:00Z",
        "2027-02-20T07:00:00Z",
    )
    assert after["update_days_left"] - after["link_days_left"] == 90
    view = "select link_days_left, update_days_left from metrica_export.deadlines"
    assert job.marts.sql(view) == [(after["link_days_left"], after["update_days_left"])]
    job.marts.orders("1", create_date_time=None)
    job.marts.orders("2", create_date_time="1960-01-01 00:00:00")
    assert [explained(job, "orders", key)["deadlines"] for key in "12"] == [None, None]
    assert explained(job, "contacts", "c1")["deadlines"] is None


def test_explain_ends_with_1_for_an_id_that_nothing_knows(job: Job) -> None:
    for _ in range(2):
        found = explained(job, "orders", "nobody", exit_code=1)
        assert (found["rows"], found["uploads"], found["exit_code"]) == ([], [], 1)
        job.run()


@pytest.mark.parametrize("job", ["duckdb"], indirect=True)
def test_explain_says_which_deadline_is_past_and_which_applies(job: Job) -> None:
    job.marts.sql("update metrica.orders set create_date_time = now() - interval '50 days 1 hour'")
    for delivered in (False, True):
        if delivered:
            job.run()
        lines = call(job, "orders", "704").stdout.splitlines()
        link, update = (line for line in lines if line.startswith("deadline:"))
        assert ", which is past" in link
        assert ", 60 days left" in update
        assert ["(applies now)" in line for line in (link, update)] == [not delivered, delivered]


HOSTILE = ("a\x1b[2J\n", "'; drop table x; --", '"', "\\", "⟦wh⟧", "%s", "", " 704", "Ж" * 300)


def test_explain_takes_every_id_as_data(job: Job) -> None:
    job.marts.orders(*HOSTILE, order_status="paid")
    for key in HOSTILE:
        shown = call(job, "orders", "--", key)
        assert shown.exit_code == 0, shown.exception
        assert "\x1b" not in shown.output
    as_json = call(job, "orders", "--json", "--", HOSTILE[0])
    assert "\x1b" not in as_json.output
    assert json.loads(as_json.stdout)["id"] == HOSTILE[0]
    explained(job, "orders", "--", HOSTILE[0] + "'", exit_code=1)


def test_explain_refuses_an_id_that_is_no_text(job: Job) -> None:
    for key in ("a\0b", "a\udcff"):
        shown = call(job, "orders", key)
        assert "no text in a warehouse" in str(shown.exception)


def test_explain_finds_ids_that_are_numbers_in_the_mart(job: Job) -> None:
    for column in ("id", "client_uniq_id"):
        using = f"using cast({column} as bigint)"
        job.marts.sql("update metrica.orders set client_uniq_id = '7'")
        job.marts.sql(f"alter table metrica.orders alter column {column} type bigint {using}")
    assert next_run(job, "orders", "704")["reason"] == "contact_unknown"
    job.marts.contacts("7")
    assert next_run(job, "orders", "704")["state"] == "sent"
    job.run()
    assert next_run(job, "orders", "704")["state"] == "unchanged"


def test_explain_shows_every_row_of_a_duplicated_id(job: Job) -> None:
    job.run()
    job.marts.sql("insert into metrica.orders select * from metrica.orders where id = '704'")
    job.marts.sql("update metrica.orders set row_hash = null where id = '704'")
    assert _verdicts(job) == [("rejected", "hash_missing")] * 2
    job.marts.sql("update metrica.orders set row_hash = md5('x')")
    assert _verdicts(job) == [("held", "id_duplicated")] * 2


def _verdicts(job: Job) -> list[tuple[str, str]]:
    rows = explained(job, "orders", "704")["rows"]
    return [(row["next_run"]["state"], row["next_run"]["reason"]) for row in rows]


def test_explain_shows_a_row_that_left_the_mart(job: Job) -> None:
    job.run()
    job.marts.sql("delete from metrica.contacts where uniq_id = 'c2'")
    found = explained(job, "contacts", "c2")
    assert (found["rows"], found["vanished"], found["emptied"]) == ([], True, False)
    assert "--erase-vanished" in call(job, "contacts", "c2").stdout
    job.run(erase_vanished="contacts")
    found = explained(job, "contacts", "c2")
    assert (found["vanished"], found["emptied"]) == (True, True)


def test_explain_shows_an_upload_with_an_unknown_outcome(job: Job) -> None:
    job.emulator.fault("delay_list:99", "POST /data/orders/csv")
    job.run()
    found = explained(job, "orders", "704")
    assert [upload["status"] for upload in found["uploads"]] == ["unknown"]
    assert found["verdicts"][0]["reason"] == "outcome_unknown"
    change = found["rows"][0]["next_run"]["change"]
    assert (change["delivered"], change["statuses"]) == ("unknown", ["new", "paid"])
    assert "Metrica may have the last upload" in call(job, "orders", "704").stdout


def test_explain_shows_the_row_again_after_a_reset(job: Job) -> None:
    job.run()
    reset.reset(job.dbt, job.emulator.counter, "orders", None)
    found = explained(job, "orders", "704")
    assert {upload["row_hash"] for upload in found["uploads"]} == {None}
    assert found["rows"][0]["next_run"]["change"]["statuses"] == ["paid"]


@pytest.mark.parametrize(("mart", "key"), [("order_statuses", "paid"), ("products", "p1")])
def test_explain_shows_the_rows_of_lists(job: Job, mart: str, key: str) -> None:
    assert next_run(job, mart, key)["state"] == "sent"
    job.run()
    assert next_run(job, mart, key)["state"] == "unchanged"
    assert "sent whole" in call(job, mart, key).stdout


def test_explain_works_for_simple_orders(job: Job) -> None:
    job.marts.simple_orders("1")
    assert next_run(job, "simple_orders", "1")["state"] == "sent"
    job.run(("simple_orders",), form=Form(mode="simple"))
    assert next_run(job, "simple_orders", "1")["state"] == "unchanged"
    assert "--mode detailed" in str(call(job, "orders", "704").exception)


def test_explain_writes_nothing_and_works_beside_a_run(job: Job) -> None:
    job.run()
    job.marts.put("contacts", {"uniq_id": "c1"} | CONTACT | {"name": "Иная"})
    if job.marts.database is None:
        assert next_run(job, "contacts", "c1")["state"] == "sent"
        return
    tables = "runs", "uploads", "deliveries", "verdicts", "watermarks"
    counts = " union all ".join(f"select count(*) from metrica_export.ledger_{t}" for t in tables)
    before = job.marts.sql(counts)
    with run_lock(read_ledger(job.dbt, read_warehouse(job.dbt)), job.emulator.counter):
        assert next_run(job, "contacts", "c1")["state"] == "sent"
    assert job.marts.sql(counts) == before
