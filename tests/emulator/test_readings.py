"""Switches: the other reading of each point that the documentation leaves open."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from tests.support.emulator_fixture import RunningEmulator

CONTACTS = "/data/contacts/csv"
ORDERS = "/data/orders/csv"
SIMPLE = "/data/simple_orders"
HEADER = "id;client_uniq_id;client_type;create_date_time;order_status"


def uploading(answer: Any) -> dict[str, Any]:  # noqa: ANN401 - a response
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()["uploading"]
    return found


def errors(answer: Any) -> list[str]:  # noqa: ANN401 - a response
    found: list[str] = uploading(answer)["api_validation_errors"]
    return found


def order(
    emulator: RunningEmulator,
    status: str = "PAID",
    names: str = "",
    values: str = "",
    mode: str = "SAVE",
) -> list[str]:
    content = f"{HEADER}{names}\n1;c1;CONTACT;2026-01-10 11:56:00;{status}{values}\n"
    return errors(emulator.upload(ORDERS, content, mode, delimiter_type="SEMICOLON"))


def json_contact(emulator: RunningEmulator, **fields: object) -> list[str]:
    body = {"contacts": [{"uniq_id": "1", **fields}]}
    return errors(emulator.call("POST", "/data/contacts/json?merge_mode=SAVE", json=body))


def post_statuses(emulator: RunningEmulator, *statuses: object) -> requests.Response:
    return emulator.call("POST", "/schema/order_statuses", json={"order_statuses": statuses})


def statuses(emulator: RunningEmulator) -> list[dict[str, Any]]:
    answer = emulator.call("GET", "/schema/order_statuses")
    found: list[dict[str, Any]] = answer.json()["order_statuses"]
    return found


def give_goals(emulator: RunningEmulator, *goals: str) -> None:
    url = f"{emulator.url}/debug/javascript_goals"
    requests.post(url, json=goals, timeout=10).raise_for_status()


@pytest.mark.parametrize(
    ("good_rows", "status", "stored"),
    [
        ("dropped", "FAILED", []),
        ("applied", "FAILED", ["1", "3"]),
        ("applied_passed", "PASSED", ["1", "3"]),
    ],
)
def test_readings_good_rows_of_a_file_with_a_bad_one(
    emulator: RunningEmulator, good_rows: str, status: str, stored: list[str]
) -> None:
    emulator.switches(good_rows=good_rows)
    found = uploading(emulator.upload(CONTACTS, "uniq_id,phones\n1,\n2,bad\n3,\n"))
    assert found["api_validation_status"] == status
    assert found["api_validation_errors"] == ["row 2: phones: bad_phone"]
    assert found["elements_count"] == 3
    assert [row[0] for row in emulator.sql("select uniq_id from contacts")] == stored


def test_readings_row_that_the_stored_state_forbids_is_a_bad_row_too(
    emulator: RunningEmulator,
) -> None:
    emulator.switches(good_rows="applied", create_date_change="fail")
    emulator.upload(CONTACTS, "uniq_id,create_date_time\n1,2026-01-01 10:00:00\n")
    content = "uniq_id,create_date_time\n1,2026-02-02 10:00:00\n2,2026-02-02 10:00:00\n"
    assert errors(emulator.upload(CONTACTS, content)) == ["row 1: create_date_time: cannot_change"]
    assert emulator.sql("select uniq_id, create_date_time from contacts order by 1") == [
        ("1", "2026-01-01 10:00:00"),
        ("2", "2026-02-02 10:00:00"),
    ]


def test_readings_file_without_a_good_row_or_header_is_failed_in_any_reading(
    emulator: RunningEmulator,
) -> None:
    emulator.switches(good_rows="applied_passed")
    for content in ("uniq_id,phones\n1,bad\n", "uniq_id,nickname\n1,x\n"):
        found = uploading(emulator.upload(CONTACTS, content))
        assert found["api_validation_status"] == "FAILED"
    assert emulator.sql("select * from contacts") == []


def test_lists_may_be_separated_like_columns(emulator: RunningEmulator) -> None:
    emulator.switches(list_separator="as_delimiter")
    content = 'uniq_id;emails\n1;"a@b.ru;c@d.ru"\n'
    assert errors(emulator.upload(CONTACTS, content, delimiter_type="SEMICOLON")) == []
    assert emulator.sql("select emails from contacts") == [('["a@b.ru", "c@d.ru"]',)]
    assert order(emulator, names=";products;goals", values=';"p:1;q:2";"a:1;b"') == []
    # What is joined by commas is then one value, and none that Metrica could read.
    assert order(emulator, names=";products;goals", values=';"p:1,q:2";"a:1,b"') == [
        "row 1: products: bad_product",
        "row 1: goals: bad_number",
    ]
    comma = 'uniq_id,emails\n1,"a@b.ru,c@d.ru"\n'
    assert errors(emulator.upload(CONTACTS, comma)) == []


def test_readings_currency_of_orders_may_be_unknown_in_csv(emulator: RunningEmulator) -> None:
    assert order(emulator, names=";currency", values=";EUR") == []
    emulator.switches(orders_csv_currency="unknown")
    assert order(emulator, names=";currency", values=";EUR") == ["header: column 6: unknown_column"]
    emulator.switches(unknown_column="ignore")
    assert order(emulator, names=";currency", values=";EUR") == []
    assert emulator.sql("select currency from orders") == [(None,)]
    simple = "id,create_date_time,phones,currency\n1,2026-01-01 10:00,79995551111,EUR\n"
    assert errors(emulator.upload(SIMPLE, simple)) == []
    assert emulator.sql("select currency from simple_orders") == [("EUR",)]


def test_readings_contact_may_need_an_identifier(emulator: RunningEmulator) -> None:
    emulator.switches(contact_without_identifier="fail")
    content = "uniq_id,emails,phones_md5\n1,a@b.ru,\n2,,\n"
    assert errors(emulator.upload(CONTACTS, content)) == ["row 2: no_identifier"]
    assert json_contact(emulator, name="Anna") == ["row 1: no_identifier"]
    assert json_contact(emulator, client_ids=[77]) == []


def test_goals_may_have_to_exist(emulator: RunningEmulator) -> None:
    give_goals(emulator, "lead")
    emulator.switches(unknown_goal="fail")
    assert order(emulator, names=";goals", values=";lead:5") == []
    assert order(emulator, names=";goals", values=";call") == ["row 1: goals: unknown_goal"]
    known = {"id": "won", "type": "PAID", "goal_action_ids": ["lead"]}
    assert post_statuses(emulator, known).status_code == 200
    answer = post_statuses(emulator, known | {"goal_action_ids": ["call"]})
    assert answer.json()["errors"][0]["location"] == "order_statuses[0].goal_action_ids"


def test_default_statuses_may_be_listed_before_any_mapping(emulator: RunningEmulator) -> None:
    assert statuses(emulator) == []
    emulator.switches(default_statuses="listed")
    assert {status["id"]: status["type"] for status in statuses(emulator)} == {
        name: name for name in ("IN_PROGRESS", "PAID", "CANCELLED", "SPAM")
    }
    post_statuses(emulator, {"id": "PAID", "type": "PAID", "humanized": "Paid"})
    assert [s["humanized"] for s in statuses(emulator) if s["id"] == "PAID"] == ["Paid"]
    assert len(statuses(emulator)) == 4


def test_default_statuses_may_be_remapped(emulator: RunningEmulator) -> None:
    status = {"id": "PAID", "type": "IN_PROGRESS"}
    assert post_statuses(emulator, status).status_code == 400
    emulator.switches(default_remapping="accept")
    assert post_statuses(emulator, status).status_code == 200
    order(emulator, "PAID")
    assert emulator.sql("select status_type from orders") == [("IN_PROGRESS",)]


@pytest.mark.parametrize("name", ["order_status_source", "source", "none"])
def test_readings_source_of_a_status_has_one_name_or_the_other(
    emulator: RunningEmulator, name: str
) -> None:
    emulator.switches(status_source_field=name, default_statuses="listed")
    post_statuses(emulator, {"id": "won", "type": "PAID"})
    listed = statuses(emulator)
    assert len(listed) == 5
    for status in listed:
        assert set(status) - {"id", "type", "humanized", "goal_action_ids"} == {name} - {"none"}


def test_readings_attribute_may_be_created_once_only(emulator: RunningEmulator) -> None:
    emulator.switches(attribute_again="fail")
    body = {"attributes": [{"name": "age", "type_name": "numeric", "multivalued": False}]}
    path = "/schema/attributes?entity_type=CONTACT"
    assert emulator.call("POST", path, json=body).status_code == 200
    answer = emulator.call("POST", path, json=body)
    assert (answer.status_code, answer.json()["errors"][0]["error_type"]) == (409, "conflict")
    other = "/schema/attributes?entity_type=ORDER"
    assert emulator.call("POST", other, json=body).status_code == 200


def test_products_may_be_replaced_by_each_list(emulator: RunningEmulator) -> None:
    emulator.switches(products_post="replace")
    for name in ("pear", "apple"):
        emulator.call(
            "POST", "/schema/products", json={"attributes": [], "items": [{"name": name}]}
        )
    assert emulator.sql("select name from products") == [("apple",)]


def test_readings_upload_may_have_only_the_fields_of_the_table(emulator: RunningEmulator) -> None:
    emulator.switches(upload_extra_fields="off")
    assert set(uploading(emulator.upload(CONTACTS, "uniq_id,phones\n1,x\n"))) == {
        "uploading_id",
        "datetime",
        "api_validation_status",
        "elements_count",
        "entity_type",
        "uploading_format",
        "uploading_source",
    }


def test_errors_may_repeat_what_a_cell_held(emulator: RunningEmulator) -> None:
    emulator.switches(errors_echo_values="on")
    assert errors(emulator.upload(CONTACTS, "uniq_id,emails\n1,A@b.ru\n")) == [
        "row 1: emails: bad_email: A@b.ru"
    ]
    assert json_contact(emulator, emails="A@b.ru") == ["row 1: emails: not_a_list: A@b.ru"]


def test_readings_list_may_hold_no_failed_uploads(emulator: RunningEmulator) -> None:
    emulator.upload(CONTACTS, "uniq_id,phones\n1,bad\n")
    assert len(emulator.call("GET", "/last_uploadings").json()["uploadings"]) == 1
    emulator.switches(failed_listed="off")
    assert emulator.call("GET", "/last_uploadings").json() == {"uploadings": []}


def test_times_may_be_moscows_on_any_counter() -> None:
    with RunningEmulator(
        time_zone="Asia/Omsk", datetime_format="moscow", columns_mapping_required="off"
    ) as emulator:
        found = uploading(emulator.upload(CONTACTS, "uniq_id\n1\n"))
        moscow = datetime.fromisoformat(found["datetime"] + "+03:00")
        assert abs(moscow - datetime.now(UTC)) < timedelta(seconds=5)
        later = (moscow + timedelta(seconds=1)).strftime("%Y-%m-%d %H:%M:%S")
        for offset, listed in ((found["datetime"], 0), (later, 1)):
            answer = emulator.call("GET", "/last_uploadings", params={"datetime_offset": offset})
            assert len(answer.json()["uploadings"]) == listed


def test_readings_token_for_offline_data_may_not_change_the_schema(
    emulator: RunningEmulator,
) -> None:
    emulator.switches(token_scope="offline_data")
    assert errors(emulator.upload(CONTACTS, "uniq_id\n1\n")) == []
    assert emulator.call("GET", "/schema/order_statuses").status_code == 200
    answer = post_statuses(emulator, {"id": "won", "type": "PAID"})
    assert (answer.status_code, answer.json()["errors"][0]["error_type"]) == (403, "access_denied")


def test_readings_contact_may_have_so_many_orders(emulator: RunningEmulator) -> None:
    emulator.quotas(orders_per_contact=2)
    rows = [f"{n};c{n % 2};CONTACT;2026-01-10 11:56:00;PAID" for n in range(5)]
    content = "\n".join([HEADER, *rows[:4]]) + "\n"
    assert errors(emulator.upload(ORDERS, content, delimiter_type="SEMICOLON")) == []
    content = f"{HEADER}\n{rows[4]}\n"
    assert errors(emulator.upload(ORDERS, content, delimiter_type="SEMICOLON")) == [
        "file: too_many_orders_of_a_contact"
    ]
    assert emulator.sql("select count(*) from orders") == [(4,)]


@pytest.mark.parametrize("path", ["/schema/types", "/no/such/method"])
def test_every_answer_is_dated_by_the_emulators_clock(emulator: RunningEmulator, path: str) -> None:
    emulator.move_clock(5 * 86400)
    for headers in ({}, {"Authorization": "OAuth another"}):
        answer = emulator.call("GET", path, headers=headers)
        dated = parsedate_to_datetime(answer.headers["Date"])
        expected = datetime.now(UTC) + timedelta(days=5)
        assert abs(dated - expected) < timedelta(seconds=5)
