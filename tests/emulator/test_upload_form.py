"""The form of an upload: parameters, multipart, CSV."""

from typing import Any

import pytest
import requests
from metrica_emulator.switches import describe

from tests.support.emulator_fixture import RunningEmulator

CSV = "/data/contacts/csv"


def errors(answer: Any) -> list[str]:  # noqa: ANN401 - a response
    assert answer.status_code == 200
    found: list[str] = answer.json()["uploading"]["api_validation_errors"]
    return found


def refusal(answer: Any) -> tuple[int, str, str | None]:  # noqa: ANN401 - a response
    error = answer.json()["errors"][0]
    assert answer.json()["code"] == answer.status_code
    return answer.status_code, error["error_type"], error.get("location")


def test_merge_mode_is_required_and_in_capitals(emulator: RunningEmulator) -> None:
    files = {"file": ("data.csv", b"uniq_id\n1\n", "text/csv")}
    answer = emulator.call("POST", CSV, files=files)
    assert refusal(answer) == (400, "missing_parameter", "merge_mode")
    answer = emulator.upload(CSV, "uniq_id\n1\n", mode="save")
    assert refusal(answer) == (400, "invalid_parameter", "merge_mode")


def test_upload_form_delimiter_is_a_comma_or_a_semicolon(emulator: RunningEmulator) -> None:
    assert errors(emulator.upload(CSV, "uniq_id;name\n1;A,B\n", delimiter_type="SEMICOLON")) == []
    assert emulator.sql("select name from contacts") == [("A,B",)]
    answer = emulator.upload(CSV, "uniq_id\n1\n", delimiter_type=";")
    assert refusal(answer) == (400, "invalid_parameter", "delimiter_type")
    assert errors(emulator.upload(CSV, "uniq_id;name\n1;A\n")) == [
        "header: column 1: unknown_column",
        "header: uniq_id: missing_column",
    ]


@pytest.mark.parametrize(
    ("files", "parts"),
    [
        ({"attachment": ("data.csv", b"uniq_id\n1\n", "text/csv")}, "another name"),
        ({"file": (None, b"uniq_id\n1\n", "text/csv")}, "no file name"),
        ({"file": ("data.csv", b"uniq_id\n1\n", "application/octet-stream")}, "another type"),
        (
            [
                ("file", ("a.csv", b"uniq_id\n1\n", "text/csv")),
                ("file", ("b.csv", b"uniq_id\n2\n", "text/csv")),
            ],
            "two files",
        ),
        ({"file": ("data.csv", b"", "text/csv")}, "an empty file"),
        ({"file": ("data.csv", b"\n\n", "text/csv")}, "blank lines only"),
    ],
)
def test_upload_form_body_holds_one_csv_part_named_file(
    emulator: RunningEmulator,
    files: Any,  # noqa: ANN401 - all that requests takes
    parts: str,
) -> None:
    answer = emulator.call("POST", f"{CSV}?merge_mode=SAVE", files=files)
    assert refusal(answer) == (400, "invalid_uploading", None), parts
    assert emulator.sql("select * from uploads") == []


def test_upload_form_broken_multipart_body_is_400(emulator: RunningEmulator) -> None:
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x"):
        answer = emulator.call(
            "POST",
            f"{CSV}?merge_mode=SAVE",
            data=b"uniq_id\n1\n",
            headers={"Content-Type": content_type},
        )
        assert refusal(answer) == (400, "invalid_uploading", None)


def test_upload_form_bare_csv_body_is_406(emulator: RunningEmulator) -> None:
    answer = emulator.call(
        "POST",
        f"{CSV}?merge_mode=SAVE",
        data=b"uniq_id\n1\n",
        headers={"Content-Type": "text/csv"},
    )
    assert refusal(answer) == (406, "not_acceptable", None)


def test_upload_form_file_beyond_the_limit_is_413(emulator: RunningEmulator) -> None:
    emulator.quotas(max_file_bytes=1000)
    for size in (1_001, 2_000_000):
        answer = emulator.upload(CSV, b"uniq_id\n" + b"1" * (size - 8))
        assert refusal(answer) == (413, "invalid_uploading", None)
    assert errors(emulator.upload(CSV, b"uniq_id,name\n1," + b"1" * 985)) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("uniq_id\n", "file: no_rows"),
        ("uniq_id,name\n1\n", "row 1: wrong_number_of_cells"),
        ("uniq_id,name\n1,a,b\n", "row 1: wrong_number_of_cells"),
        ("uniq_id\n1\n\n", "row 2: wrong_number_of_cells"),
        ('uniq_id,name\n1,"a"b\n', "row 1: malformed_csv"),
        ('uniq_id,name\n1,"a\n', "row 1: malformed_csv"),
        ("uniq_id,uniq_id\n1,2\n", "header: uniq_id: column_twice"),
        ("name\nAnna\n", "header: uniq_id: missing_column"),
        ("uniq_id,Name\n1,a\n", "header: column 2: unknown_column"),
    ],
)
def test_upload_form_badly_formed_file_is_failed(
    emulator: RunningEmulator, content: str, problem: str
) -> None:
    assert errors(emulator.upload(CSV, content)) == [problem]
    assert emulator.sql("select * from contacts") == []
    assert emulator.sql("select status from uploads") == [("FAILED",)]


def test_another_encoding_is_failed(emulator: RunningEmulator) -> None:
    content = "uniq_id,name\n1,Иван\n".encode("windows-1251")
    assert errors(emulator.upload(CSV, content)) == ["row 1 or later: not_utf8"]


def test_upload_form_byte_order_mark_breaks_the_header(emulator: RunningEmulator) -> None:
    content = "\ufeffuniq_id\n1\n"
    assert errors(emulator.upload(CSV, content)) == [
        "header: column 1: unknown_column",
        "header: uniq_id: missing_column",
    ]


def test_both_line_ends_are_accepted(emulator: RunningEmulator) -> None:
    assert errors(emulator.upload(CSV, "uniq_id,name\r\n1,a\r\n2,b")) == []
    assert emulator.sql("select uniq_id, name from contacts") == [("1", "a"), ("2", "b")]


def test_unknown_columns_are_ignored_by_switch(emulator: RunningEmulator) -> None:
    emulator.switches(unknown_column="ignore")
    assert errors(emulator.upload(CSV, "uniq_id,nickname\n1,x\n")) == []
    assert emulator.sql("select uniq_id, custom from contacts") == [("1", None)]


@pytest.mark.parametrize(
    "mapping",
    ['{"uniq_id":"ID"}', "uniq_id:ID", '"uniq_id"="ID"', '"uniq_id":"ID",', '"uniq_id":""', ""],
)
def test_upload_form_malformed_mapping_is_400(emulator: RunningEmulator, mapping: str) -> None:
    answer = emulator.upload(CSV, "ID\n1\n", columns_mapping=mapping)
    assert refusal(answer) == (400, "invalid_parameter", "columns_mapping")


@pytest.mark.parametrize(
    ("mapping", "problems"),
    [
        ('"uniq_id":"ID","name":"Nom"', ["columns_mapping: pair 2: header_not_in_file"]),
        (
            '"ID":"uniq_id"',
            [
                "columns_mapping: pair 1: header_not_in_file",
                "header: column 1: unknown_column",
                "header: uniq_id: missing_column",
            ],
        ),
        (
            '"uniq_id":"ID","uniq_id":"ID"',
            ["columns_mapping: pair 1: mapped_twice", "columns_mapping: pair 2: mapped_twice"],
        ),
        ('"uniq_id":"ID","nickname":"name"', ["header: column 2: unknown_column"]),
    ],
)
def test_upload_form_mapping_that_does_not_fit_the_file_is_failed(
    emulator: RunningEmulator, mapping: str, problems: list[str]
) -> None:
    answer = emulator.upload(CSV, "ID,name\n1,a\n", columns_mapping=mapping)
    assert errors(answer) == problems


def test_columns_beside_the_mapping_keep_their_own_names(emulator: RunningEmulator) -> None:
    answer = emulator.upload(CSV, "ID,name\n1,a\n", columns_mapping='"uniq_id":"ID"')
    assert errors(answer) == []
    assert emulator.sql("select uniq_id, name from contacts") == [("1", "a")]


def test_upload_form_mapping_is_required_by_default(emulator: RunningEmulator) -> None:
    [default] = [choices for name, choices, _ in describe() if name == "columns_mapping_required"]
    assert default == "on|off"
    emulator.switches(columns_mapping_required="on")
    answer = emulator.upload(CSV, "uniq_id\n1\n")
    assert refusal(answer) == (400, "missing_parameter", "columns_mapping")
    simple = "id,create_date_time,phones\n1,2026-01-01 10:00,79995551111\n"
    assert errors(emulator.upload("/data/simple_orders", simple)) == []


def test_upload_form_client_that_hangs_up_while_sending_changes_nothing(
    emulator: RunningEmulator,
) -> None:
    def body() -> Any:  # noqa: ANN401 - chunks of a body
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
        yield b"Content-Type: text/csv\r\n\r\nuniq_id\n1\n"
        raise ConnectionAbortedError

    with pytest.raises(requests.ConnectionError):
        requests.post(
            f"{emulator.crm}{CSV}?merge_mode=SAVE",
            data=body(),
            headers=emulator.authorization | {"Content-Type": "multipart/form-data; boundary=x"},
            timeout=10,
        )
    assert errors(emulator.upload(CSV, "uniq_id\n2\n")) == []
    assert emulator.sql("select uniq_id from contacts") == [("2",)]
