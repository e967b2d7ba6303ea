"""Contacts, by CSV and by JSON (contacts-data, uploadContacts, uploadContactJson_1)."""

import json
from typing import Any

import pytest

from tests.support.emulator_fixture import RunningEmulator

CSV = "/data/contacts/csv"
JSON = "/data/contacts/json"


def errors(answer: Any) -> list[str]:  # noqa: ANN401 - a response
    assert answer.status_code == 200
    uploading = answer.json()["uploading"]
    assert uploading["api_validation_status"] == "FAILED"
    found: list[str] = uploading["api_validation_errors"]
    return found


def send_json(emulator: RunningEmulator, *contacts: object, mode: str = "SAVE") -> Any:  # noqa: ANN401
    parameters = {"merge_mode": mode}
    return emulator.call("POST", JSON, params=parameters, json={"contacts": contacts})


def test_contacts_answer_describes_the_upload(emulator: RunningEmulator) -> None:
    answer = emulator.upload(CSV, "uniq_id,name\n1,Anna\n2,Boris\n")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    uploading = answer.json()["uploading"]
    assert len(uploading.pop("uploading_id")) == 36
    assert len(uploading.pop("datetime")) == len("yyyy-MM-dd HH:mm:ss")
    assert uploading == {
        "api_validation_status": "PASSED",
        "api_validation_errors": [],
        "elements_count": 2,
        "entity_type": "SYSTEM",
        "entity_subtype": "CONTACT",
        "uploading_format": "CSV",
        "uploading_source": "API",
        "uploading_title": "",
    }


def test_every_column_is_stored(emulator: RunningEmulator) -> None:
    emulator.upload(
        CSV,
        "uniq_id,name,create_date_time,update_date_time,birth_date,client_ids,emails,phones,"
        "emails_md5,phones_md5\n"
        '1,"Иван ""И."", мл.",2024-01-10 11:56:00,10.01.2024 11:56,1990-05-06,"12,34",'
        '"a@b.ru,c@d.ru",79995551111,3c56ff8fef0f6c65b36b2d25720fe276,'
        "f09f2c3d48f31e2a802944ade2e5aec5\n",
    )
    [row] = emulator.sql(
        "select name, create_date_time, update_date_time, birth_date, client_ids, emails, phones,"
        " emails_md5, phones_md5 from contacts where uniq_id = '1'"
    )
    assert row == (
        'Иван "И.", мл.',
        "2024-01-10 11:56:00",
        "2024-01-10 11:56:00",
        "1990-05-06",
        '["12", "34"]',
        '["a@b.ru", "c@d.ru"]',
        '["79995551111"]',
        '["3c56ff8fef0f6c65b36b2d25720fe276"]',
        '["f09f2c3d48f31e2a802944ade2e5aec5"]',
    )


def test_contacts_documented_sample_with_russian_headers(emulator: RunningEmulator) -> None:
    emulator.call(
        "POST",
        "/schema/attributes",
        params={"entity_type": "CONTACT"},
        json={"attributes": [{"name": "age", "type_name": "numeric", "multivalued": False}]},
    )
    answer = emulator.upload(
        CSV,
        "\nИД,Имя,Почта,Возраст\n"
        "11,Иван И.,example@example.com,40\n"
        "42,Михаил Л.,somebody@example.com,24\n",
        columns_mapping='"uniq_id":"ИД","name":"Имя","emails":"Почта","age":"Возраст"',
        delimiter_type="COMMA",
    )
    assert answer.json()["uploading"]["api_validation_status"] == "PASSED"
    rows = emulator.sql("select uniq_id, name, emails, custom from contacts order by uniq_id")
    assert rows == [
        ("11", "Иван И.", '["example@example.com"]', '{"age": 40.0}'),
        ("42", "Михаил Л.", '["somebody@example.com"]', '{"age": 24.0}'),
    ]


def test_contact_without_any_identifier_is_accepted(emulator: RunningEmulator) -> None:
    answer = emulator.upload(CSV, "uniq_id,name\n1,\n")
    assert answer.json()["uploading"]["api_validation_status"] == "PASSED"


def test_one_bad_row_keeps_the_whole_file_out(emulator: RunningEmulator) -> None:
    answer = emulator.upload(
        CSV, "uniq_id,emails,phones\n1,a@b.ru,\n2,A@b.ru,+7999\n,c@d.ru,\n4,,79995551111\n"
    )
    assert errors(answer) == [
        "row 2: emails: bad_email",
        "row 2: phones: bad_phone",
        "row 3: uniq_id: required",
    ]
    assert answer.json()["uploading"]["elements_count"] == 4
    assert emulator.sql("select * from contacts") == []
    assert emulator.sql("select status, elements_count from uploads") == [("FAILED", 4)]


def test_errors_name_places_and_reasons_but_no_values(emulator: RunningEmulator) -> None:
    answer = emulator.upload(CSV, "uniq_id,emails\n1,Secret@Example.com\n")
    assert "ecret" not in answer.text
    assert "ecret" not in str(emulator.sql("select * from uploads"))


def test_many_errors_are_counted_and_not_all_listed(emulator: RunningEmulator) -> None:
    rows = "".join(f"{number},bad\n" for number in range(250))
    found = errors(emulator.upload(CSV, "uniq_id,phones\n" + rows))
    assert len(found) == 101
    assert found[-1] == "and 150 more"


def test_bad_rows_are_answered_with_400_by_switch(emulator: RunningEmulator) -> None:
    emulator.switches(content_errors="400")
    answer = emulator.upload(CSV, "uniq_id,phones\n1,bad\n")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["error_type"] == "invalid_uploading"
    assert "row 1: phones: bad_phone" in answer.json()["message"]
    assert emulator.sql("select * from uploads") == []


def test_json_contacts_are_stored_like_csv_contacts(emulator: RunningEmulator) -> None:
    answer = send_json(
        emulator,
        {
            "uniq_id": "1",
            "name": "Иван",
            "create_date_time": "2020-04-17 16:12:21",
            "birth_date": "1990-01-02",
            "client_ids": ["12345678910", 10987654321],
            "emails": ["a@b.ru"],
            "phones": ["78005553535"],
            "attribute_values": {"any": ["shape"]},
            "user_comment": "я" * 1000,
            "update_date_time": None,
        },
    )
    uploading = answer.json()["uploading"]
    assert (uploading["api_validation_status"], uploading["uploading_format"]) == ("PASSED", "JSON")
    [(client_ids, custom, updated)] = emulator.sql(
        "select client_ids, custom, update_date_time from contacts"
    )
    assert json.loads(client_ids) == ["12345678910", "10987654321"]
    assert json.loads(custom) == {
        "attribute_values": {"any": ["shape"]},
        "user_comment": "я" * 1000,
    }
    assert updated is None


@pytest.mark.parametrize(
    ("contact", "reason"),
    [
        ({}, "uniq_id: required"),
        ({"uniq_id": ""}, "uniq_id: required"),
        ({"uniq_id": 1}, "uniq_id: not_a_string"),
        ("1", "not_an_object"),
        ({"uniq_id": "1", "emails": "a@b.ru"}, "emails: not_a_list"),
        ({"uniq_id": "1", "emails": [1]}, "emails: not_a_string"),
        ({"uniq_id": "1", "client_ids": [1.5]}, "client_ids: not_a_string"),
        ({"uniq_id": "1", "client_ids": [-5]}, "client_ids: bad_client_id"),
        ({"uniq_id": "1", "create_date_time": "10.01.2024 11:56"}, "create_date_time: bad_"),
        ({"uniq_id": "1", "create_date_time": "2024-01-10 11:56"}, "create_date_time: bad_"),
        ({"uniq_id": "1", "birth_date": "10.01.2024"}, "birth_date: bad_date"),
        ({"uniq_id": "1", "nickname": "x"}, "key 2: unknown_column"),
        ({"uniq_id": "1", "user_ids": ["x"]}, "key 2: unknown_column"),
        ({"uniq_id": "1", "company_uniq_id": "x"}, "key 2: unknown_column"),
        ({"uniq_id": "1", "attribute_values": [{}]}, "attribute_values: not_an_object"),
        ({"uniq_id": "1", "user_comment": "x" * 1001}, "user_comment: too_long"),
        ({"uniq_id": "1", "user_comment": 1}, "user_comment: not_a_string"),
        ({"uniq_id": "1", "client_ids": list(range(501))}, "client_ids: too_many"),
        ({"uniq_id": "1", "client_ids": ["1", 1]}, "client_ids: value_twice"),
        ({"uniq_id": "1", "phones": [f"7999{i:07}" for i in range(51)]}, "phones: too_many"),
        ({"uniq_id": "1", "emails": ["a@b.ru", "a@b.ru"]}, "emails: value_twice"),
    ],
)
def test_contacts_bad_json_contact_fails_the_upload(
    emulator: RunningEmulator, contact: object, reason: str
) -> None:
    [found] = errors(send_json(emulator, contact))
    assert found.startswith(f"row 1: {reason}")
    assert emulator.sql("select * from contacts") == []


@pytest.mark.parametrize(
    ("column", "values", "problems"),
    [
        ("client_ids", [str(i) for i in range(500)], []),
        ("client_ids", [str(i) for i in range(501)], ["row 1: client_ids: too_many"]),
        ("emails", [f"a{i}@b.ru" for i in range(51)], ["row 1: emails: too_many"]),
        ("phones_md5", [f"{i:032x}" for i in range(51)], ["row 1: phones_md5: too_many"]),
        ("client_ids", ["1", "2", "1"], ["row 1: client_ids: value_twice"]),
    ],
    ids=lambda each: str(each)[:12],
)
def test_contacts_list_in_a_cell_has_the_limits_of_json(
    emulator: RunningEmulator, column: str, values: list[str], problems: list[str]
) -> None:
    content = f'uniq_id,{column}\n1,"{",".join(values)}"\n'
    answer = emulator.upload(CSV, content).json()["uploading"]
    assert answer["api_validation_errors"] == problems


@pytest.mark.parametrize(
    "body", [b"{", b'{"contacts": [{"uniq_id": "\\ud800"}]}', b"\xff", b"[" * 100_000]
)
def test_contacts_body_that_is_no_json_is_400(emulator: RunningEmulator, body: bytes) -> None:
    answer = emulator.call(
        "POST", f"{JSON}?merge_mode=SAVE", data=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["error_type"] == "invalid_json"


@pytest.mark.parametrize("body", [{}, [], {"contacts": []}, {"contacts": {}}, {"orders": [{}]}])
def test_contacts_body_without_contacts_is_400(emulator: RunningEmulator, body: object) -> None:
    answer = emulator.call("POST", f"{JSON}?merge_mode=SAVE", json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["location"] == "contacts"


def test_json_must_be_announced_as_json(emulator: RunningEmulator) -> None:
    answer = emulator.call("POST", f"{JSON}?merge_mode=SAVE", data=b'{"contacts": []}')
    assert answer.status_code == 406
    assert answer.json()["errors"][0]["error_type"] == "not_acceptable"
