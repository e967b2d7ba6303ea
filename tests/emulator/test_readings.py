"""What the documentation leaves open, read the other way (§17 of the contract notes)."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from tests.emulator_fixture import RunningEmulator

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


def reached(emulator: RunningEmulator) -> dict[str, int]:
    return dict(emulator.sql("select goal, times from goals_reached"))


@pytest.mark.parametrize(
    ("good_rows", "status", "stored"),
    [
        ("dropped", "FAILED", []),
        ("applied", "FAILED", ["1", "3"]),
        ("applied_passed", "PASSED", ["1", "3"]),
    ],
)
def test_the_good_rows_of_a_file_with_a_bad_one(
    emulator: RunningEmulator, good_rows: str, status: str, stored: list[str]
) -> None:
    emulator.switches(good_rows=good_rows)
    found = uploading(emulator.upload(CONTACTS, "uniq_id,phones\n1,\n2,bad\n3,\n"))
    assert found["api_validation_status"] == status
    assert found["api_validation_errors"] == ["row 2: phones: bad_phone"]
    assert found["elements_count"] == 3
    assert [row[0] for row in emulator.sql("select uniq_id from contacts")] == stored


def test_a_row_that_the_stored_state_forbids_is_a_bad_row_too(emulator: RunningEmulator) -> None:
    emulator.switches(good_rows="applied", create_date_change="fail")
    emulator.upload(CONTACTS, "uniq_id,create_date_time\n1,2026-01-01 10:00:00\n")
    content = "uniq_id,create_date_time\n1,2026-02-02 10:00:00\n2,2026-02-02 10:00:00\n"
    assert errors(emulator.upload(CONTACTS, content)) == ["row 1: create_date_time: cannot_change"]
    assert emulator.sql("select uniq_id, create_date_time from contacts order by 1") == [
        ("1", "2026-01-01 10:00:00"),
        ("2", "2026-02-02 10:00:00"),
    ]


def test_a_file_without_a_good_row_or_header_is_failed_in_any_reading(
    emulator: RunningEmulator,
) -> None:
    emulator.switches(good_rows="applied_passed")
    for content in ("uniq_id,phones\n1,bad\n", "uniq_id,nickname\n1,x\n"):
        found = uploading(emulator.upload(CONTACTS, content))
        assert found["api_validation_status"] == "FAILED"
    assert emulator.sql("select * from contacts") == []


def test_only_large_uploads_are_delayed_by_switch(emulator: RunningEmulator) -> None:
    emulator.switches(delayed_visibility=1, delayed_from_rows=2)
    assert "api_validation_status" in uploading(emulator.upload(CONTACTS, "uniq_id\n1\n"))
    large = uploading(emulator.upload(CONTACTS, "uniq_id\n1\n2\n"))
    assert "api_validation_status" not in large


def test_append_joins_identifiers_only_by_switch(emulator: RunningEmulator) -> None:
    emulator.switches(append_joins="identifiers")
    order(emulator, names=";goals;products", values=";a:1;p:1")
    order(emulator, names=";goals;products", values=";b:2;q:2", mode="APPEND")
    assert emulator.sql("select goals, products from orders") == [('{"b": 2.0}', '{"q": 2}')]
    emulator.upload(CONTACTS, "uniq_id,emails\n1,a@b.ru\n")
    emulator.upload(CONTACTS, "uniq_id,emails\n1,c@d.ru\n", "APPEND")
    assert emulator.sql("select emails from contacts") == [('["a@b.ru", "c@d.ru"]',)]


def test_lists_in_a_cell_have_no_limit_by_switch(emulator: RunningEmulator) -> None:
    names = ";goals"
    many = ",".join(f"g{i}" for i in range(101))
    order(emulator, names=names, values=f";{many}")
    assert emulator.sql("select count(*) from orders") == [(0,)]
    emulator.switches(csv_lists="unbounded")
    order(emulator, names=names, values=f";{many}")
    assert emulator.sql("select count(*) from orders") == [(1,)]
    content = 'uniq_id,client_ids\n1,"1,2,1"\n'
    assert errors(emulator.upload(CONTACTS, content)) == []
    assert emulator.sql("select client_ids from contacts") == [('["1", "2"]',)]


def test_simple_orders_have_attributes_or_not(emulator: RunningEmulator) -> None:
    attribute = {"name": "shop", "type_name": "text", "multivalued": False}
    path = "/schema/attributes?entity_type=SIMPLE_ORDER"
    emulator.call("POST", path, json={"attributes": [attribute]})
    content = "id,create_date_time,phones,shop\n1,2026-01-01 10:00,79995551111,Nevsky\n"
    assert errors(emulator.upload(SIMPLE, content)) == []
    emulator.switches(simple_order_attributes="unknown")
    assert errors(emulator.upload(SIMPLE, content)) == ["header: column 4: unknown_column"]


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


def test_the_currency_of_orders_may_be_unknown_in_csv(emulator: RunningEmulator) -> None:
    assert order(emulator, names=";currency", values=";EUR") == []
    emulator.switches(orders_csv_currency="unknown")
    assert order(emulator, names=";currency", values=";EUR") == ["header: column 6: unknown_column"]
    emulator.switches(unknown_column="ignore")
    assert order(emulator, names=";currency", values=";EUR") == []
    assert emulator.sql("select currency from orders") == [(None,)]
    simple = "id,create_date_time,phones,currency\n1,2026-01-01 10:00,79995551111,EUR\n"
    assert errors(emulator.upload(SIMPLE, simple)) == []
    assert emulator.sql("select currency from simple_orders") == [("EUR",)]


def test_case_may_be_of_no_matter(emulator: RunningEmulator) -> None:
    row = "1;c1;contact;2026-01-10 11:56:00;paid;eur\n"
    content = f"{HEADER.upper()};Currency\n{row}"
    send = {"mode": "save", "delimiter_type": "semicolon"}
    assert emulator.upload(ORDERS, content, **send).status_code == 400
    upper = "F09F2C3D48F31E2A802944ADE2E5AEC5"
    assert json_contact(emulator, phones_md5=[upper]) == ["row 1: phones_md5: bad_md5"]
    emulator.switches(case_sensitive="off")
    assert errors(emulator.upload(ORDERS, content, **send)) == []
    assert emulator.sql("select client_type, order_status, currency from orders") == [
        ("CONTACT", "PAID", "EUR")
    ]
    assert json_contact(emulator, phones_md5=[upper]) == []
    assert emulator.sql("select phones_md5 from contacts") == [(f'["{upper.lower()}"]',)]
    assert post_statuses(emulator, {"id": "won", "type": "paid"}).status_code == 200
    assert emulator.call("GET", "/schema/attributes?entity_type=contact").status_code == 200
    assert emulator.call("GET", "/last_uploadings?source=api").status_code == 200


def test_a_file_too_large_is_413_or_400(emulator: RunningEmulator) -> None:
    emulator.quotas(max_file_bytes=10)
    content = "uniq_id\n" + "1\n" * 10
    assert emulator.upload(CONTACTS, content).status_code == 413
    emulator.switches(too_large_status="400")
    answer = emulator.upload(CONTACTS, content)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)


def test_a_contact_may_need_an_identifier(emulator: RunningEmulator) -> None:
    emulator.switches(contact_without_identifier="fail")
    content = "uniq_id,emails,phones_md5\n1,a@b.ru,\n2,,\n"
    assert errors(emulator.upload(CONTACTS, content)) == ["row 2: no_identifier"]
    assert json_contact(emulator, name="Anna") == ["row 1: no_identifier"]
    assert json_contact(emulator, client_ids=[77]) == []


def test_a_creation_in_the_future_may_be_refused(emulator: RunningEmulator) -> None:
    later = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d %H:%M:%S")
    content = f"uniq_id,create_date_time\n1,{later}\n"
    assert errors(emulator.upload(CONTACTS, content)) == []
    emulator.switches(future_create_date="fail")
    problem = ["row 1: create_date_time: in_the_future"]
    assert errors(emulator.upload(CONTACTS, content)) == problem
    assert json_contact(emulator, create_date_time=later) == problem
    emulator.move_clock(3 * 86400)
    assert errors(emulator.upload(CONTACTS, content)) == []


def test_a_changed_creation_date_may_be_taken(emulator: RunningEmulator) -> None:
    emulator.switches(create_date_change="apply")
    for created in ("2026-01-01 10:00:00", "2026-02-02 10:00:00"):
        emulator.upload(CONTACTS, f"uniq_id,create_date_time\n1,{created}\n")
    assert emulator.sql("select create_date_time from contacts") == [("2026-02-02 10:00:00",)]
    assert emulator.sql("select distinct warnings from uploads") == [("{}",)]


def test_goals_may_have_to_exist(emulator: RunningEmulator) -> None:
    give_goals(emulator, "lead")
    emulator.switches(unknown_goal="fail")
    assert order(emulator, names=";goals", values=";lead:5") == []
    assert order(emulator, names=";goals", values=";call") == ["row 1: goals: unknown_goal"]
    known = {"id": "won", "type": "PAID", "goal_action_ids": ["lead"]}
    assert post_statuses(emulator, known).status_code == 200
    answer = post_statuses(emulator, known | {"goal_action_ids": ["call"]})
    assert answer.json()["errors"][0]["location"] == "order_statuses[0].goal_action_ids"


def test_the_header_or_each_simple_order_needs_an_identifier(emulator: RunningEmulator) -> None:
    content = "id,create_date_time,phones\n1,2026-01-01 10:00,\n"
    assert errors(emulator.upload(SIMPLE, content)) == ["row 1: no_identifier"]
    emulator.switches(simple_identifier="column")
    assert errors(emulator.upload(SIMPLE, content)) == []
    without = "id,create_date_time\n1,2026-01-01 10:00\n"
    assert errors(emulator.upload(SIMPLE, without)) == ["header: no_identifier"]


def test_both_methods_may_share_their_ids(emulator: RunningEmulator) -> None:
    simple = "id,create_date_time,phones,order_status\n1,2026-01-10 11:56,79995551111,PAID\n"
    both = "select (select count(*) from orders), (select count(*) from simple_orders)"
    order(emulator, "IN_PROGRESS")
    emulator.upload(SIMPLE, simple)
    assert emulator.sql(both) == [(1, 1)]
    assert reached(emulator) == {"CRM: Order created": 1, "CRM: Order paid": 1}
    emulator.reset()
    emulator.switches(id_namespace="shared")
    order(emulator, "IN_PROGRESS")
    emulator.upload(SIMPLE, simple)
    assert emulator.sql(both) == [(0, 1)]
    assert emulator.sql("select distinct entity, order_key from goals_reached") == [
        ("simple_orders", "1")
    ]
    order(emulator, "CANCELLED")
    assert emulator.sql(both) == [(1, 0)]
    assert set(reached(emulator)) == {
        "CRM: Order created",
        "CRM: Order paid",
        "CRM: Order cancelled",
    }


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
def test_the_source_of_a_status_has_one_name_or_the_other(
    emulator: RunningEmulator, name: str
) -> None:
    emulator.switches(status_source_field=name, default_statuses="listed")
    post_statuses(emulator, {"id": "won", "type": "PAID"})
    listed = statuses(emulator)
    assert len(listed) == 5
    for status in listed:
        assert set(status) - {"id", "type", "humanized", "goal_action_ids"} == {name} - {"none"}


def test_an_attribute_may_be_created_once_only(emulator: RunningEmulator) -> None:
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


def test_a_goal_as_first_status_may_reach_order_created_too(emulator: RunningEmulator) -> None:
    give_goals(emulator, "lead")
    order(emulator, "lead")
    assert set(reached(emulator)) == {"lead"}
    emulator.reset()
    give_goals(emulator, "lead")
    emulator.switches(goal_status_creates="on")
    order(emulator, "lead")
    assert set(reached(emulator)) == {"lead", "CRM: Order created"}


def test_a_state_sent_again_may_reach_its_goals_again(emulator: RunningEmulator) -> None:
    for again, times in (("once", 1), ("again", 2)):
        emulator.reset()
        emulator.switches(repeated_state=again)
        order(emulator)
        order(emulator)
        assert reached(emulator) == {"CRM: Order created": times, "CRM: Order paid": times}


def test_an_upload_is_of_the_system_or_of_its_own_entity_type(emulator: RunningEmulator) -> None:
    emulator.switches(upload_entity_type="own", products_in_list="on")
    emulator.upload(CONTACTS, "uniq_id\n1\n")
    order(emulator)
    body = {"attributes": [], "items": [{"name": "pear"}]}
    emulator.call("POST", "/schema/products", json=body)
    listed = emulator.call("GET", "/last_uploadings").json()["uploadings"]
    assert [upload["entity_type"] for upload in listed] == ["SYSTEM_LIST", "ORDER", "CONTACT"]


def test_an_upload_may_have_only_the_fields_of_the_table(emulator: RunningEmulator) -> None:
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


def test_the_list_may_begin_with_the_oldest(emulator: RunningEmulator) -> None:
    emulator.switches(list_order="oldest_first")
    ids = [uploading(emulator.upload(CONTACTS, "uniq_id\n1\n"))["uploading_id"] for _ in range(3)]
    listed = emulator.call("GET", "/last_uploadings?limit=2").json()["uploadings"]
    assert [upload["uploading_id"] for upload in listed] == ids[1:]


def test_the_list_may_forget_after_days(emulator: RunningEmulator) -> None:
    emulator.switches(list_days=2)
    emulator.upload(CONTACTS, "uniq_id\n1\n")
    for days, listed in ((1, 1), (3, 0)):
        emulator.move_clock(days * 86400)
        assert len(emulator.call("GET", "/last_uploadings").json()["uploadings"]) == listed


def test_the_list_may_hold_no_failed_uploads(emulator: RunningEmulator) -> None:
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


def test_a_token_for_offline_data_may_not_change_the_schema(emulator: RunningEmulator) -> None:
    emulator.switches(token_scope="offline_data")
    assert errors(emulator.upload(CONTACTS, "uniq_id\n1\n")) == []
    assert emulator.call("GET", "/schema/order_statuses").status_code == 200
    answer = post_statuses(emulator, {"id": "won", "type": "PAID"})
    assert (answer.status_code, answer.json()["errors"][0]["error_type"]) == (403, "access_denied")


def test_a_used_up_quota_may_name_when_to_come_back(emulator: RunningEmulator) -> None:
    emulator.quotas(requests_per_day_user=0)
    assert "Retry-After" not in emulator.call("GET", "/schema/types").headers
    emulator.switches(retry_after="on")
    midnight = (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    seconds = int(emulator.call("GET", "/schema/types").headers["Retry-After"])
    assert abs(datetime.now(UTC) + timedelta(seconds=seconds) - midnight) < timedelta(seconds=5)
    emulator.quotas(requests_per_day_user=9, parallel=0)
    assert emulator.call("GET", "/schema/types").headers["Retry-After"] == "1"


def test_reading_and_writing_may_share_a_quota(emulator: RunningEmulator) -> None:
    emulator.quotas(requests_per_day_user=1)
    emulator.switches(quota_groups="one")
    assert emulator.call("GET", "/schema/types").status_code == 200
    assert emulator.upload(CONTACTS, "uniq_id\n1\n").status_code == 429


def test_the_day_may_begin_at_moscows_midnight(emulator: RunningEmulator) -> None:
    now = datetime.now(UTC)
    moscows = (now + timedelta(days=1)).replace(hour=21, minute=0, second=0)
    emulator.quotas(requests_per_day_user=1)
    for quota_day, status in (("utc", 429), ("moscow", 200)):
        emulator.switches(quota_day=quota_day)
        emulator.move_clock((moscows - now).total_seconds() - 30)
        emulator.call("GET", "/schema/types")
        emulator.move_clock((moscows - now).total_seconds() + 30)
        assert emulator.call("GET", "/schema/types").status_code == status


def test_a_contact_may_have_so_many_orders(emulator: RunningEmulator) -> None:
    emulator.quotas(orders_per_contact=2)
    rows = [f"{n};c{n % 2};CONTACT;2026-01-10 11:56:00;PAID" for n in range(5)]
    content = "\n".join([HEADER, *rows[:4]]) + "\n"
    assert errors(emulator.upload(ORDERS, content, delimiter_type="SEMICOLON")) == []
    content = f"{HEADER}\n{rows[4]}\n"
    assert errors(emulator.upload(ORDERS, content, delimiter_type="SEMICOLON")) == [
        "file: too_many_orders_of_a_contact"
    ]
    assert emulator.sql("select count(*) from orders") == [(4,)]


def test_an_upload_can_be_overtaken_by_the_next(emulator: RunningEmulator) -> None:
    emulator.fault("overtaken", "POST /data/orders/csv")
    for status in ("IN_PROGRESS", "PAID"):
        assert order(emulator, status) == []
    states = emulator.sql("select state from applied order by seq")
    assert [json.loads(state)["order_status"] for (state,) in states] == ["PAID", "IN_PROGRESS"]
    assert emulator.sql("select order_status from orders") == [("IN_PROGRESS",)]


@pytest.mark.parametrize("path", ["/schema/types", "/no/such/method"])
def test_every_answer_is_dated_by_the_emulators_clock(emulator: RunningEmulator, path: str) -> None:
    emulator.move_clock(5 * 86400)
    for headers in ({}, {"Authorization": "OAuth another"}):
        answer = emulator.call("GET", path, headers=headers)
        dated = parsedate_to_datetime(answer.headers["Date"])
        expected = datetime.now(UTC) + timedelta(days=5)
        assert abs(dated - expected) < timedelta(seconds=5)
